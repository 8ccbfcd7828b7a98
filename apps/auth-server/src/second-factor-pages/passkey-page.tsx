import { Button, Card, PasskeyForm, TextField } from '@payer/ui';
import { passkeyWords, Problem, renderFrame, type SecondFactorPage } from './page-frame.js';

/** Adds a passkey of this device. */
export function renderPasskeyPage(
  props: SecondFactorPage & {
    /** Path of the settings. */
    address: string;
    problem?: string;
  },
): string {
  const { texts, address, problem } = props;
  return renderFrame(
    props,
    'passkeys.add',
    <>
      <Problem title={texts.t('passkeys.problem.title')} problem={problem} />
      <Card>
        <p>{texts.t('passkeys.add.text')}</p>
        <noscript>
          <p>{texts.t('passkeys.noScript')}</p>
        </noscript>
        <PasskeyForm
          act="create"
          action={`${address}/passkeys`}
          options={`${address}/passkeys/options`}
          words={passkeyWords(texts)}
          isHiddenWithoutScript
        >
          <TextField
            label={texts.t('passkeys.name')}
            hint={texts.t('passkeys.name.hint')}
            name="name"
            value={texts.t('passkeys.unnamed')}
          />
          <Button>{texts.t('passkeys.add')}</Button>
        </PasskeyForm>
      </Card>
      <p>
        <a href={address}>{texts.t('secondFactor.back')}</a>
      </p>
    </>,
  );
}
