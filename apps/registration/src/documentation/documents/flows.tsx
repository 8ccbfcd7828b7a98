import {
  authorizationCodeLifetime,
  endpoints,
  planRules,
  plans,
  type EnvironmentAddresses,
  type Plan,
} from '@payer/smart';
import { CodeBlock } from '@payer/ui';
import type { VNode } from 'preact';
import { firstTypes } from '../../try-it/first-types.js';
import type { Document } from './document.js';

export const flows: Document = {
  slug: 'flows',
  title: 'OAuth flows',
  summary: 'Both flows step by step, with requests to copy.',
  body: ({ addresses }) => (
    <>
      <p>
        The requests below are those of the sandbox. For production, take the addresses of its SMART
        configuration; the credentials stay the same.
      </p>
      {plans.map((plan) => (
        <section key={plan} id={plan}>
          <h2>{planRules[plan].title}</h2>
          {flowOf[flowKindOf(plan)](addresses.sandbox, plan)}
        </section>
      ))}
      <h2>Client authentication</h2>
      <p>
        The requests here use <code>client_secret_basic</code>: HTTP Basic with client_id and client_secret. A
        client_secret in the body is refused. An app with a key pair signs its requests instead:{' '}
        <a href="/docs/client-authentication">Client authentication</a>.
      </p>
      <h2>Libraries</h2>
      <p>
        <a href="/docs/snippets">Code to copy</a> has a whole program for each of five libraries.
      </p>
      <p>
        <code>fhirclient</code> refreshes a token only when the token response names{' '}
        <code>offline_access</code>. Add it to the requested scopes: the response then names it, and the
        access token stays the same.
      </p>
      <h2>Lost answers</h2>
      <p>
        A refresh whose answer got lost may be sent again within 10 seconds: it gets the same new refresh
        token. Later reuse of a refresh token ends the member's grant.
      </p>
    </>
  ),
};

const flowKindOf = (plan: Plan) => (planRules[plan].needsRedirectUri ? 'member' : 'system');

const flowOf: Record<'member' | 'system', (addresses: EnvironmentAddresses, plan: Plan) => VNode> = {
  member: (addresses, plan) => {
    const { authorization_endpoint, token_endpoint } = endpoints(addresses);
    const scope = planRules[plan].scopes.join(' ');
    return (
      <>
        <ol class="steps">
          <li>
            Redirect the member’s browser to the authorization endpoint. PKCE with S256 is recommended, and an
            app can require it in its <a href="/docs/security-switches">settings</a>.
          </li>
        </ol>
        <CodeBlock>{`GET ${authorization_endpoint}?response_type=code
  &client_id=CLIENT_ID
  &redirect_uri=https%3A%2F%2Fclient-app.example%2Fredirect
  &scope=${encodeURIComponent(scope)}
  &aud=${encodeURIComponent(addresses.fhirBaseUrl)}
  &state=STATE
  &code_challenge=CHALLENGE&code_challenge_method=S256`}</CodeBlock>
        <ol class="steps" start={2}>
          <li>The member signs in, reads what the app will see, and says yes or no.</li>
          <li>
            The browser comes back to the redirect URI with <code>code</code>, <code>state</code> and{' '}
            <code>iss</code>. After a “no” it comes back with <code>error=access_denied</code>.
          </li>
          <li>
            Exchange the code within {authorizationCodeLifetime} seconds. A code works once. Leave{' '}
            <code>code_verifier</code> out if you sent no challenge.
          </li>
        </ol>
        <CodeBlock>{`curl -u CLIENT_ID:CLIENT_SECRET ${token_endpoint} \\
  -d grant_type=authorization_code -d code=CODE -d code_verifier=VERIFIER \\
  --data-urlencode redirect_uri=https://client-app.example/redirect`}</CodeBlock>
        <p>
          The answer has access_token, refresh_token, id_token, scope, expires_in and <code>patient</code>:
          the id of the member’s Patient resource. <code>grant_expires_at</code> is the instant until which
          the member shares.
        </p>
        <ol class="steps" start={5}>
          <li>Read the member’s records.</li>
        </ol>
        <CodeBlock>{`curl -H 'Authorization: Bearer ACCESS_TOKEN' '${addresses.fhirBaseUrl}/${firstTypes(plan)[0]}?_count=10'`}</CodeBlock>
        <ol class="steps" start={6}>
          <li>
            Refresh the token before it ends. Keep the new refresh token: the one you used has ended, and a
            second use of it ends the whole grant.
          </li>
        </ol>
        <CodeBlock>{`curl -u CLIENT_ID:CLIENT_SECRET ${token_endpoint} \\
  -d grant_type=refresh_token -d refresh_token=REFRESH_TOKEN`}</CodeBlock>
      </>
    );
  },
  system: (addresses, plan) => {
    const { token_endpoint } = endpoints(addresses);
    return (
      <>
        <p>No member takes part. The app asks for a token with its own credentials.</p>
        <CodeBlock>{`curl -u CLIENT_ID:CLIENT_SECRET ${token_endpoint} \\
  -d grant_type=client_credentials --data-urlencode 'scope=${planRules[plan].scopes.join(' ')}'`}</CodeBlock>
        <CodeBlock>{`curl -H 'Authorization: Bearer ACCESS_TOKEN' '${addresses.fhirBaseUrl}/${firstTypes(plan)[0]}?_count=5'`}</CodeBlock>
        <p>There is no refresh token. Ask for a new access token when the old one ends.</p>
      </>
    );
  },
};
