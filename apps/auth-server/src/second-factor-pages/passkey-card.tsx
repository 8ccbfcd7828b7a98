import { Button, PasskeyForm, type Texts } from '@payer/ui';
import { passkeyWords } from './page-frame.js';

/** Asks for a passkey. Without scripts it says that a code is the way. */
export function PasskeyCard(props: { texts: Texts; action: string; options: string }) {
  const { texts, action, options } = props;
  return (
    <section class="card">
      <h2>{texts.t('passkey.title')}</h2>
      <noscript>
        <p>{texts.t('passkey.noScript')}</p>
      </noscript>
      <PasskeyForm act="get" {...{ action, options }} words={passkeyWords(texts)} isHiddenWithoutScript>
        <p>{texts.t('passkey.text')}</p>
        <Button>{texts.t('passkey.use')}</Button>
      </PasskeyForm>
    </section>
  );
}
