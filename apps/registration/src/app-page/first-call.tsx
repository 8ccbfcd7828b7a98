import type { EnvironmentAddresses } from '@payer/smart';
import { Card } from '@payer/ui';
import type { AppView } from '../apps/app-view.js';
import { flowOf, snippetValues } from '../snippets/snippet.js';
import { Snippets } from '../snippets/snippets.js';

/** The app's first call as a program for each library, with the app's own values. */
export function FirstCall({ app, addresses }: { app: AppView; addresses: EnvironmentAddresses }) {
  if (app.plan === null) return null;
  const flow = flowOf(app.plan);
  return (
    <Card title="The same in your own code">
      <p>
        {flow === 'member' ? (
          <>
            Each program sends a <a href="/docs/sandbox-members">sandbox member</a> to the authorization
            endpoint, exchanges the code and reads the member’s Patient. The browser comes back to your
            redirect URI even where no server listens: the code is in its address.
          </>
        ) : (
          'Each program asks for a token with the credentials of the app, and reads the directory.'
        )}
      </p>
      <Snippets flow={flow} values={snippetValues(app.plan, addresses, app)} />
    </Card>
  );
}
