import {
  authorizationCodeLifetime,
  endpoints,
  planRules,
  type EnvironmentAddresses,
  type PlanRule,
} from '@payer/smart';
import { Card, CodeBlock } from '@payer/ui';
import type { AppView } from '../apps/app-view.js';

/** The requests of the app's first call with the app's own values, to copy into a terminal. */
export function FirstCall({ app, addresses }: { app: AppView; addresses: EnvironmentAddresses }) {
  if (app.plan === null) return null;
  const rule = planRules[app.plan];
  return rule.reads.data === 'directory' ? (
    <DirectoryCall app={app} addresses={addresses} rule={rule} type={rule.reads.types[0] ?? ''} />
  ) : (
    <PatientCall app={app} addresses={addresses} rule={rule} />
  );
}

interface CallProps {
  app: AppView;
  addresses: EnvironmentAddresses;
  rule: PlanRule;
}

/** @param props `type`: a resource type that the plan reads */
function DirectoryCall({ app, addresses, rule, type }: CallProps & { type: string }) {
  const { token_endpoint } = endpoints(addresses);
  return (
    <Card title="The same by hand">
      <p>The first request gets a token. The second reads {type} resources with it.</p>
      <CodeBlock>{`curl -u ${app.client_id}:CLIENT_SECRET ${token_endpoint} \\
  -d 'grant_type=client_credentials' -d 'scope=${rule.scopes.join(' ')}'

curl -H 'Authorization: Bearer ACCESS_TOKEN' '${addresses.fhirBaseUrl}/${type}?_count=5'`}</CodeBlock>
    </Card>
  );
}

function PatientCall({ app, addresses, rule }: CallProps) {
  const { authorization_endpoint, token_endpoint } = endpoints(addresses);
  const [redirectUri = ''] = app.redirect_uris;
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: app.client_id,
    redirect_uri: redirectUri,
    scope: rule.scopes.join(' '),
    aud: addresses.fhirBaseUrl,
  });
  return (
    <Card title="The same by hand">
      <ol class="steps">
        <li>
          Send a member to the{' '}
          <a href={`${authorization_endpoint}?${request}`} target="_blank" rel="noopener">
            authorization endpoint (opens a new tab)
          </a>{' '}
          and sign in as a <a href="/docs/sandbox-members">sandbox member</a>.
        </li>
        <li>
          The browser comes back to <code>{redirectUri}</code> with a <code>code</code>, even where no server
          listens there: the code is in the address. Exchange it within {authorizationCodeLifetime} seconds:
        </li>
      </ol>
      <CodeBlock>{`curl -u ${app.client_id}:CLIENT_SECRET ${token_endpoint} \\
  -d grant_type=authorization_code -d code=CODE \\
  --data-urlencode 'redirect_uri=${redirectUri}'

curl -H 'Authorization: Bearer ACCESS_TOKEN' ${addresses.fhirBaseUrl}/Patient`}</CodeBlock>
    </Card>
  );
}
