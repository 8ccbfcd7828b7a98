import { endpoints, planRules, type EnvironmentAddresses } from '@payer/smart';
import { Card, CodeBlock } from '@payer/ui';
import type { AppView } from './app-view.js';

/** What to do first with an app in the sandbox, ready to copy: the developer page's example requests with the app's own values. */
export function FirstCall({ app, addresses }: { app: AppView; addresses: EnvironmentAddresses }) {
  return app.plan === 'provider-directory' ? (
    <DirectoryCall app={app} addresses={addresses} />
  ) : (
    <PatientCall app={app} addresses={addresses} />
  );
}

function DirectoryCall({ app, addresses }: { app: AppView; addresses: EnvironmentAddresses }) {
  const { token_endpoint } = endpoints(addresses);
  return (
    <Card title="First call">
      <p>A token, and with it the first practitioners:</p>
      <CodeBlock>{`curl -u ${app.client_id}:CLIENT_SECRET ${token_endpoint} \\
  -d 'grant_type=client_credentials' -d 'scope=system/*.rs'

curl -H 'Authorization: Bearer ACCESS_TOKEN' '${addresses.fhirBaseUrl}/Practitioner?_count=5'`}</CodeBlock>
    </Card>
  );
}

function PatientCall({ app, addresses }: { app: AppView; addresses: EnvironmentAddresses }) {
  const { authorization_endpoint, token_endpoint } = endpoints(addresses);
  const [redirectUri = ''] = app.redirect_uris;
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: app.client_id,
    redirect_uri: redirectUri,
    scope: planRules['patient-access'].scopes.join(' '),
    aud: addresses.fhirBaseUrl,
  });
  return (
    <Card title="First call">
      <ol class="steps">
        <li>
          <a href={`${authorization_endpoint}?${request}`}>Send a member to the authorization endpoint</a> and
          sign in as a sandbox member, such as <code>sbx-patientAccessMember-1</code> with{' '}
          <code>hpTest11</code>.
        </li>
        <li>
          The browser comes back to <code>{redirectUri}</code> with a <code>code</code>. Exchange it within a
          minute:
        </li>
      </ol>
      <CodeBlock>{`curl -u ${app.client_id}:CLIENT_SECRET ${token_endpoint} \\
  -d grant_type=authorization_code -d code=CODE \\
  --data-urlencode 'redirect_uri=${redirectUri}'

curl -H 'Authorization: Bearer ACCESS_TOKEN' ${addresses.fhirBaseUrl}/Patient`}</CodeBlock>
    </Card>
  );
}
