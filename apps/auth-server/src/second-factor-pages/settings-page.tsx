import { Card, ConfirmButton, Instant, Notice, type Texts } from '@payer/ui';
import type { MemberPasskey } from '../second-factor/member-passkeys.js';
import type { SecondFactorState } from '../second-factor/second-factors.js';
import { renderFrame, type SecondFactorPage } from './page-frame.js';
import type { Change } from './changes.js';

interface SettingsPage extends SecondFactorPage {
  /** Path of the settings. */
  address: string;
  managementUrl: string;
  state?: SecondFactorState;
  passkeys: readonly MemberPasskey[];
  /** The change that has just been made. */
  done?: Change;
}

/** Shows the second factors of a member, with the ways to add and remove them. */
export function renderSettingsPage(props: SettingsPage): string {
  const { texts, managementUrl, state, done } = props;
  return renderFrame(
    props,
    'secondFactor.title',
    <>
      {done && (
        <Notice tone="good">
          <p>
            {texts.t(`secondFactor.done.${done}`)}
            {!state && ` ${texts.t('secondFactor.removed.text')}`}
          </p>
        </Notice>
      )}
      <p class="lead">
        {state
          ? `${texts.t('secondFactor.active')} ${texts.count('secondFactor.left', state.recoveryCodesLeft)}`
          : texts.t('secondFactor.lead')}
      </p>
      <Passkeys {...props} />
      <CodeApp {...props} />
      <p>
        <a href={managementUrl}>{texts.t('answered.link')}</a>
      </p>
    </>,
  );
}

function Passkeys({ texts, address, state, passkeys }: SettingsPage) {
  const isLast = passkeys.length === 1 && state?.hasCodes === false;
  return (
    <Card title={texts.t('passkeys.title')}>
      <p>{texts.t('passkeys.text')}</p>
      {passkeys.map((passkey, index) => (
        <Passkey key={passkey.id} {...{ texts, address, passkey, index, isLast }} />
      ))}
      <a class={`button ${state ? 'secondary' : 'primary'}`} href={`${address}/passkeys`}>
        {texts.t('passkeys.add')}
      </a>
    </Card>
  );
}

function Passkey(props: {
  texts: Texts;
  address: string;
  passkey: MemberPasskey;
  index: number;
  isLast: boolean;
}) {
  const { texts, address, passkey, index, isLast } = props;
  const { id, name, added_at, last_used_at } = passkey;
  return (
    <section class="passkey">
      <h3 class="words">
        <bdi>{name}</bdi>
      </h3>
      <p>
        {texts.rich('passkeys.added', { date: <Instant texts={texts} at={added_at} /> })}{' '}
        {last_used_at
          ? texts.rich('passkeys.used', { date: <Instant texts={texts} at={last_used_at} /> })
          : texts.t('passkeys.unused')}
      </p>
      <ConfirmButton
        id={`remove-passkey-${index}`}
        action={`${address}/passkeys/remove`}
        fields={{ id }}
        opener={
          <>
            {texts.t('passkeys.remove')}
            <span class="visually-hidden"> {name}</span>
          </>
        }
        question={texts.rich('passkeys.remove.ask', { name: <bdi>{name}</bdi> })}
        explanation={texts.t(isLast ? 'secondFactor.off.text' : 'passkeys.remove.text')}
        yes={texts.t('passkeys.remove.now')}
        no={texts.t('passkeys.remove.keep')}
      />
    </section>
  );
}

function CodeApp({ texts, address, state }: SettingsPage) {
  return (
    <Card title={texts.t('codes.title')}>
      <p>{texts.t('codes.text')}</p>
      {state?.hasCodes ? (
        <ConfirmButton
          id="remove-codes"
          action={`${address}/code-app/remove`}
          fields={{}}
          opener={texts.t('secondFactor.off')}
          question={texts.t('codes.remove.ask')}
          explanation={texts.t(state.hasPasskeys ? 'codes.remove.text' : 'secondFactor.off.text')}
          yes={texts.t('secondFactor.remove')}
          no={texts.t('codes.remove.keep')}
        />
      ) : (
        <a class="button secondary" href={`${address}/code-app`}>
          {texts.t('codes.add')}
        </a>
      )}
    </Card>
  );
}
