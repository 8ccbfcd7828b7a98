import { planRules } from '@payer/smart';
import { Button, Card, Confirmation, Form, Table, TextField } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import type { AppView } from '../apps/app-view.js';
import { errorOf, type SignedInShell } from '../http/portal-page.js';
import { AppFrame, AppSubpage, type AppFrameProps } from './app-frame.js';
import { tabAddress } from './tabs.js';

/** The app's redirect URIs, and the portal's redirect URI, which works in the sandbox only. */
export function RedirectUrisPage(props: AppFrameProps & { typed?: string; portalRedirectUri: string }) {
  const { app, typed, portalRedirectUri, actor, errors = [] } = props;
  const at = tabAddress(app.client_id, 'redirect-uris');
  const isDeveloper = mayDevelop(actor, app);
  const usesPortal = app.plan && planRules[app.plan].needsRedirectUri;
  return (
    <AppFrame tab="redirect-uris" {...props}>
      <Card title="Registered">
        <p>
          An authorization request must name one of these addresses, character for character. A trailing slash
          counts. <a href="/docs/redirect-uris">Redirect URI rules</a>
        </p>
        <Table
          head={['Redirect URI', 'Works in', '']}
          rows={[
            ...app.redirect_uris.map((uri) => [
              <code>{uri}</code>,
              'Sandbox and production',
              isDeveloper && <a href={`${at}/remove?${new URLSearchParams({ uri })}`}>Remove</a>,
            ]),
            ...(usesPortal
              ? [[<code>{portalRedirectUri}</code>, 'Sandbox only: the portal’s “Try it”', '']]
              : []),
          ]}
        />
      </Card>
      {isDeveloper && (
        <Card title="Add a redirect URI">
          <Form action={at} class="column">
            <TextField
              label="Redirect URI"
              name="redirect_uris"
              value={typed}
              error={errorOf(errors, 'redirect_uris')}
              hint="In full, such as https://client-app.example/redirect. Plain http is for localhost."
              check="lines"
              spellcheck={false}
            />
            <Button>Add</Button>
          </Form>
        </Card>
      )}
    </AppFrame>
  );
}

export function RemoveRedirectUriPage(props: SignedInShell & { app: AppView; uri: string }) {
  const { app, uri, ...shell } = props;
  const at = tabAddress(app.client_id, 'redirect-uris');
  return (
    <AppSubpage app={app} tab="redirect-uris" title="Remove a redirect URI" {...shell}>
      <Confirmation
        effects={[
          <>
            Authorization requests with <code>{uri}</code> are refused at once, in the sandbox and in
            production.
          </>,
          'Members who are about to come back to it see an error page instead.',
          'Tokens that the app holds keep working.',
        ]}
        action={`${at}/remove`}
        button="Remove this redirect URI"
        back={{ href: at, label: 'Keep it' }}
      >
        <input type="hidden" name="uri" value={uri} />
      </Confirmation>
    </AppSubpage>
  );
}
