import {
  Button,
  Card,
  Confirmation,
  ErrorSummary,
  Form,
  Notice,
  PasskeyForm,
  TextField,
  Time,
  type FieldError,
} from '@payer/ui';
import { passkeyWords } from '../http/passkey-words.js';
import { errorOf, PortalPage, type SignedInShell } from '../http/portal-page.js';
import type { PasskeyView } from './passkey-fields.js';

/** Address of the page with the passkeys of the account. */
export const passkeysAddress = '/account/passkeys';

/** Acts that the page confirms after a redirect. */
export const passkeyActs = {
  added: 'The passkey is added. It signs you in from now on.',
  renamed: 'The passkey is renamed.',
  removed: 'The passkey is removed. It no longer signs anybody in.',
};

export function PasskeysPage(
  props: SignedInShell & {
    passkeys: readonly PasskeyView[];
    errors?: FieldError[];
    done?: string;
    typedName?: string;
  },
) {
  const { planName, actor, passkeys, errors = [], done, typedName } = props;
  return (
    <PortalPage title="Passkeys" planName={planName} actor={actor} current="/account">
      <h1>Passkeys</h1>
      <p class="lead">
        A passkey signs you in with your fingerprint, your face or the PIN of your device. It works at this
        portal only, so a fake page cannot ask for it.
      </p>
      {done && (
        <Notice tone="good" title="Saved">
          <p>{done}</p>
        </Notice>
      )}
      {passkeys.map((passkey, index) => (
        <PasskeyCard key={passkey.id} passkey={passkey} index={index} />
      ))}
      <Card title="Add a passkey">
        <ErrorSummary errors={errors} title="The passkey was not added" />
        <PasskeyForm
          act="create"
          action={passkeysAddress}
          options={`${passkeysAddress}/options`}
          words={passkeyWords}
          class="column"
        >
          <TextField
            label="Name"
            name="name"
            value={typedName}
            hint="For example “Work laptop”. It helps you recognize the passkey."
            error={errorOf(errors, 'name')}
            required
          />
          <TextField
            label="Current password"
            name="current_password"
            type="password"
            autocomplete="current-password"
            error={errorOf(errors, 'current_password')}
            required
          />
          <Button>Add a passkey</Button>
          <noscript>
            <p class="hint">Browsers create passkeys by JavaScript only. Turn it on for this page.</p>
          </noscript>
        </PasskeyForm>
      </Card>
      <p>
        <a href="/account">Back to your account</a>
      </p>
    </PortalPage>
  );
}

function PasskeyCard({ passkey, index }: { passkey: PasskeyView; index: number }) {
  const { id, name, is_synced, created_at, last_used_at } = passkey;
  const own = `${passkeysAddress}/${id}`;
  return (
    <section class="card">
      <h2 class="words">{name}</h2>
      <p>
        Added <Time iso={created_at} withTime />.{' '}
        {last_used_at ? (
          <>
            Last used <Time iso={last_used_at} withTime />.
          </>
        ) : (
          'Not used yet.'
        )}{' '}
        {is_synced ? 'It is copied to your other devices.' : 'It stays on one device.'}
      </p>
      <details>
        <summary>Rename or remove</summary>
        <Form action={own} class="column">
          <TextField label="New name" name="name" id={`name-${index}`} value={name} required />
          <div class="row">
            <Button variant="secondary">Rename</Button>
            <a class="button danger" href={`${own}/remove`}>
              Remove
            </a>
          </div>
        </Form>
      </details>
    </section>
  );
}

export function RemovePasskeyPage({ planName, actor, passkey }: SignedInShell & { passkey: PasskeyView }) {
  const { name, id } = passkey;
  return (
    <PortalPage title="Remove a passkey" planName={planName} actor={actor} current="/account">
      <h1>Remove “{name}”?</h1>
      <Confirmation
        effects={[
          'The passkey no longer signs anybody in.',
          'Sessions that it has started go on. You can end them on your account page.',
          'Your device still lists the passkey. You can delete it there.',
        ]}
        action={`${passkeysAddress}/${id}/remove`}
        button="Remove this passkey"
        back={{ href: passkeysAddress, label: 'Keep it' }}
      />
    </PortalPage>
  );
}
