import { Button, Card, Form } from '@payer/ui';
import { renderSVG } from 'uqr';
import { CodeField, Problem, renderFrame, type SecondFactorPage } from './page-frame.js';

/** Shows a new secret as a QR code and as text, and asks for its first code. */
export function renderCodeAppPage(
  props: SecondFactorPage & {
    /** Path of the settings. */
    address: string;
    secret: string;
    uri: string;
    sealed: string;
    problem?: string;
  },
): string {
  const { texts, address, secret, uri, sealed, problem } = props;
  return renderFrame(
    props,
    'codes.add',
    <>
      <Problem title={texts.t('secondFactor.confirm.problem')} problem={problem} field="code" />
      <Card>
        <p>{texts.t('secondFactor.scan')}</p>
        {/* The library makes the picture from the address alone. */}
        <div
          class="qr"
          role="img"
          aria-label={texts.t('secondFactor.picture')}
          dangerouslySetInnerHTML={{ __html: renderSVG(uri, { border: 2 }) }}
        />
        <p>
          {texts.t('secondFactor.type')} <code class="secret">{secret.match(/.{1,4}/g)?.join(' ')}</code>
        </p>
        <Form action={`${address}/code-app`}>
          <input type="hidden" name="sealed" value={sealed} />
          <CodeField texts={texts} hint={texts.t('secondFactor.first')} />
          <Button>{texts.t('secondFactor.add')}</Button>
        </Form>
      </Card>
      <p>
        <a href={address}>{texts.t('secondFactor.back')}</a>
      </p>
    </>,
  );
}
