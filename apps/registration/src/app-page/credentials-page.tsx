import { Button, Card, Confirmation, DefinitionList, Form, Select, Table, Time } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import type { AppView } from '../apps/app-view.js';
import type { SignedInShell } from '../http/portal-page.js';
import { AppFrame, AppSubpage, type AppFrameProps } from './app-frame.js';
import { AuthenticationForm, type AuthenticationFields } from './authentication-form.js';
import { NewSecret } from './new-secret.js';
import { tabAddress } from './tabs.js';

export function CredentialsPage(
  props: AppFrameProps & { secret?: string; authentication?: AuthenticationFields },
) {
  const { app, secret, actor, authentication, errors = [] } = props;
  const secrets = app.secrets ?? [];
  const isDeveloper = mayDevelop(actor, app);
  const at = tabAddress(app.client_id, 'credentials');
  return (
    <AppFrame tab="credentials" {...props}>
      {secret && <NewSecret clientId={app.client_id} secret={secret} />}
      <Card title="Client">
        <DefinitionList
          items={[
            { term: 'client_id', value: <code data-copyable>{app.client_id}</code> },
            { term: 'Authentication', value: <code>{app.token_endpoint_auth_method}</code> },
          ]}
        />
      </Card>
      <AuthenticationForm app={app} isDeveloper={isDeveloper} errors={errors} typed={authentication} />
      <Card title="Secrets">
        {app.token_endpoint_auth_method === 'private_key_jwt' && (
          <p>The app authenticates with a key pair, so no secret works now.</p>
        )}
        <p>
          The portal stores only a hash of a secret. If you have lost the secret, replace it: the app keeps
          working with the previous one until you have installed the new one.
        </p>
        <Table
          head={['Secret', 'Since', 'Works until']}
          rows={secrets.map((held) => [
            held.expires_at ? 'Previous' : 'Current',
            <Time iso={held.created_at} withTime />,
            held.expires_at ? <Time iso={held.expires_at} withTime /> : 'You replace it',
          ])}
        />
        {isDeveloper && (
          <p class="row">
            <a class="button secondary" href={`${at}/replace`}>
              Replace the secret
            </a>
            {secrets.some((held) => held.expires_at) && (
              <a class="button danger" href={`${at}/end-previous`}>
                End the previous secret now
              </a>
            )}
          </p>
        )}
      </Card>
      {isDeveloper && app.managed_by_program && (
        <Card title="Registration access token">
          <p>
            A program has registered this app, and can read, change and delete it with its token (RFC 7592).
            When the token ends, the app stays as it is and you manage it here.
          </p>
          <Form action={`${at}/end-registration-token`}>
            <Button variant="danger">End the token</Button>
          </Form>
        </Card>
      )}
      {isDeveloper && (
        <Card title="End the app">
          <p>Deleting the app ends its credentials, its tokens and its members’ grants.</p>
          <p>
            <a class="button danger" href={`/apps/${app.client_id}/delete`}>
              Delete this app
            </a>
          </p>
        </Card>
      )}
    </AppFrame>
  );
}

/** Grace periods that the form offers, in seconds. */
const gracePeriods = [
  { seconds: 86_400, label: 'one day' },
  { seconds: 3600, label: 'one hour' },
  { seconds: 0, label: 'not at all: it ends now' },
];

export function ReplaceSecretPage(props: SignedInShell & { app: AppView; longestGrace: number }) {
  const { app, longestGrace, ...shell } = props;
  const offered = gracePeriods.filter(({ seconds }) => seconds <= longestGrace);
  const hasPrevious = app.secrets?.some((held) => held.expires_at);
  const at = tabAddress(app.client_id, 'credentials');
  return (
    <AppSubpage app={app} tab="credentials" title="Replace the secret" {...shell}>
      <Confirmation
        effects={[
          'The portal makes a new secret and shows it to you.',
          'The current secret keeps working for the time you choose, so that you can install the new one without an outage.',
          ...(hasPrevious ? ['The previous secret ends now: at most two secrets work at a time.'] : []),
          'Tokens that the app holds keep working: they depend on the member’s grant.',
        ]}
        action={`${at}/replace`}
        button="Replace the secret"
        back={{ href: at, label: 'Keep the secret' }}
      >
        <Select
          label="The current secret keeps working for"
          name="grace_seconds"
          options={offered.map(({ seconds, label }) => ({ value: String(seconds), label }))}
        />
      </Confirmation>
    </AppSubpage>
  );
}

export function EndPreviousSecretPage({ app, ...shell }: SignedInShell & { app: AppView }) {
  const previous = app.secrets?.find((held) => held.expires_at);
  const at = tabAddress(app.client_id, 'credentials');
  return (
    <AppSubpage app={app} tab="credentials" title="End the previous secret" {...shell}>
      <Confirmation
        effects={[
          previous?.expires_at ? (
            <>
              The previous secret would work until <Time iso={previous.expires_at} withTime />. It ends now
              instead.
            </>
          ) : (
            'The previous secret no longer works.'
          ),
          'A server of yours that still uses it gets the error invalid_client.',
          'The current secret is not changed.',
        ]}
        action={`${at}/end-previous`}
        button="End the previous secret now"
        back={{ href: at, label: 'Let it run out' }}
      />
    </AppSubpage>
  );
}

export function DeleteAppPage({ app, ...shell }: SignedInShell & { app: AppView }) {
  return (
    <AppSubpage app={app} tab="credentials" title="Delete this app" {...shell}>
      <Confirmation
        effects={[
          'The credentials stop working at once, in all environments.',
          'Every token of the app is refused, and every member’s grant to it ends.',
          'The name, the settings and the activity are gone from your pages.',
          'Nobody can bring the app back, the platform team included.',
        ]}
        action={`/apps/${app.client_id}/delete`}
        button="Delete this app for good"
        back={{ href: tabAddress(app.client_id, 'overview'), label: 'Keep the app' }}
      >
        <input type="hidden" name="confirm_deletion" value="true" />
      </Confirmation>
    </AppSubpage>
  );
}
