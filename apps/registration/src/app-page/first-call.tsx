import type { EnvironmentAddresses } from '@payer/smart';
import { Card } from '@payer/ui';
import type { AppView } from '../apps/app-view.js';
import { flowOf, snippetValues, type SnippetValues } from '../snippets/snippet.js';
import { Snippets } from '../snippets/snippets.js';

/** The app's first call as a program for each library, with the app's own values. */
export function FirstCall({ app, addresses }: { app: AppView; addresses: EnvironmentAddresses }) {
  if (app.plan === null) return null;
  const flow = flowOf(app.plan);
  const values = snippetValues(app.plan, addresses, app);
  return (
    <Card title="The same in your own code">
      {flow === 'member' ? (
        <MemberFlow app={app} values={values} />
      ) : (
        <p>Each program asks for a token with the credentials of the app, and reads the directory.</p>
      )}
      <Snippets flow={flow} values={values} />
    </Card>
  );
}

function MemberFlow({ app, values }: { app: AppView; values: SnippetValues }) {
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: app.client_id,
    redirect_uri: app.redirect_uris[0] ?? '',
    scope: values.scope,
    aud: values.fhirBaseUrl,
  });
  return (
    <p>
      Each program sends a <a href="/docs/sandbox-members">sandbox member</a> to the{' '}
      <a href={`${values.authorizationEndpoint}?${request}`} target="_blank" rel="noopener">
        authorization endpoint (opens a new tab)
      </a>
      , exchanges the code and reads the member’s Patient. The browser comes back to your redirect URI even
      where no server listens: the code is in its address.
    </p>
  );
}
