import { Card, Notice, type TextKey } from '@payer/ui';
import { renderFrame, type SecondFactorPage } from './page-frame.js';

/** Shows the recovery codes, once. */
export function renderRecoveryCodesPage(
  props: SecondFactorPage & {
    codes: readonly string[];
    /** Path of the settings. */
    back: string;
  },
): string {
  const { texts, codes, back } = props;
  return renderFrame(
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
        <a href={back}>{texts.t('secondFactor.back')}</a>
      </p>
    </>,
  );
}

/** A page with one message, and the way to the connected apps. */
export function renderSecondFactorMessage(
  props: SecondFactorPage & { title: TextKey; text: TextKey; managementUrl: string },
): string {
  const { texts, title, text, managementUrl } = props;
  return renderFrame(
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
