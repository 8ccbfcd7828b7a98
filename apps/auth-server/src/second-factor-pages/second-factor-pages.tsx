import type { Environment } from '@payer/smart';
import {
  Button,
  Card,
  ErrorSummary,
  Form,
  MemberPage,
  Notice,
  renderPage,
  TextField,
  type TextKey,
  type Texts,
} from '@payer/ui';
import type { ComponentChildren } from 'preact';
import { renderSVG } from 'uqr';

/** Common values of these pages. */
export interface SecondFactorPage {
  texts: Texts;
  planName: string;
  environment: Environment;
}

function page(
  { texts, planName, environment }: SecondFactorPage,
  title: TextKey,
  children: ComponentChildren,
) {
  return renderPage(
    <MemberPage texts={texts} title={texts.t(title)} planName={planName} environment={environment}>
      <h1>{texts.t(title)}</h1>
      {children}
    </MemberPage>,
  );
}

function Problem({ texts, problem }: { texts: Texts; problem?: string }) {
  if (!problem) return null;
  return <ErrorSummary title={texts.t('signIn.problem')} errors={[{ field: 'code', message: problem }]} />;
}

function CodeField({ texts, hint }: { texts: Texts; hint: string }) {
  return (
    <TextField
      label={texts.t('code.label')}
      hint={hint}
      name="code"
      autocomplete="one-time-code"
      spellcheck={false}
      required
    />
  );
}

function PasswordField({ texts }: { texts: Texts }) {
  return (
    <TextField
      label={texts.t('signIn.password')}
      name="password"
      type="password"
      autocomplete="current-password"
      required
    />
  );
}

/** Asks for the code after the password. */
export function renderCodePage(props: SecondFactorPage & { cancelAction: string; problem?: string }): string {
  const { texts, cancelAction, problem } = props;
  return page(
    props,
    'code.title',
    <>
      <Card>
        <Problem texts={texts} problem={problem} />
        <Form action="">
          <CodeField texts={texts} hint={texts.t('code.hint')} />
          <Button>{texts.t('code.button')}</Button>
        </Form>
      </Card>
      <Form action={cancelAction}>
        <button class="button link">{texts.t('signIn.cancel')}</button>
      </Form>
    </>,
  );
}

/** Shows a new secret as a QR code and as text, and asks for its first code. */
export function renderEnrolPage(
  props: SecondFactorPage & { action: string; secret: string; uri: string; sealed: string; problem?: string },
): string {
  const { texts, action, secret, uri, sealed, problem } = props;
  return page(
    props,
    'secondFactor.title',
    <>
      <p class="lead">{texts.t('secondFactor.lead')}</p>
      <Card>
        <Problem texts={texts} problem={problem} />
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
        <Form action={action}>
          <input type="hidden" name="sealed" value={sealed} />
          <CodeField texts={texts} hint={texts.t('secondFactor.first')} />
          <PasswordField texts={texts} />
          <Button>{texts.t('secondFactor.add')}</Button>
        </Form>
      </Card>
    </>,
  );
}

/** Shows the recovery codes, once. */
export function renderRecoveryCodesPage(
  props: SecondFactorPage & { codes: readonly string[]; managementUrl: string },
): string {
  const { texts, codes, managementUrl } = props;
  return page(
    props,
    'secondFactor.on',
    <>
      <Notice tone="good">
        <p>{texts.t('secondFactor.on.text')}</p>
      </Notice>
      <Card title={texts.t('secondFactor.recovery')}>
        <p>{texts.t('secondFactor.recovery.text')}</p>
        <ul class="plain">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
      </Card>
      <p>
        <a href={managementUrl}>{texts.t('answered.link')}</a>
      </p>
    </>,
  );
}

/** Shows that codes are on, and how to turn them off. */
export function renderRemovePage(
  props: SecondFactorPage & { action: string; recoveryCodesLeft: number; problem?: string },
): string {
  const { texts, action, recoveryCodesLeft, problem } = props;
  return page(
    props,
    'secondFactor.on',
    <>
      <p>{texts.count('secondFactor.left', recoveryCodesLeft)}</p>
      <Card title={texts.t('secondFactor.off')}>
        <Problem texts={texts} problem={problem} />
        <p>{texts.t('secondFactor.off.text')}</p>
        <Form action={action}>
          <CodeField texts={texts} hint={texts.t('code.hint')} />
          <PasswordField texts={texts} />
          <Button variant="danger">{texts.t('secondFactor.remove')}</Button>
        </Form>
      </Card>
    </>,
  );
}

/** A page with one message, and the way to the connected apps. */
export function renderSecondFactorMessage(
  props: SecondFactorPage & { title: TextKey; text: TextKey; managementUrl: string },
): string {
  const { texts, title, text, managementUrl } = props;
  return page(
    props,
    title,
    <Card>
      <p>{texts.t(text)}</p>
      <p>
        <a href={managementUrl}>{texts.t('answered.link')}</a>
      </p>
    </Card>,
  );
}
