import { endpoints } from '@payer/smart';
import { dpopAlgorithms } from '@payer/service';
import { CodeBlock, Table } from '@payer/ui';
import type { Document } from './document.js';

export const securitySwitches: Document = {
  slug: 'security-switches',
  title: 'Security switches',
  summary: 'PKCE, pushed authorization requests and tokens that are bound to a key.',
  body: ({ addresses }) => {
    const { pushed_authorization_request_endpoint, authorization_endpoint, token_endpoint } = endpoints(
      addresses.sandbox,
    );
    return (
      <>
        <p>
          The settings of an app have three switches. A switch that is on makes the server refuse a request
          without the protection, in the sandbox and in production. An app may use each protection also while
          its switch is off.
        </p>
        <Table
          head={['Switch', 'Member of the JSON API', 'The server then refuses']}
          rows={[
            [
              'PKCE',
              <code>require_pkce</code>,
              'An authorization request without code_challenge (RFC 7636).',
            ],
            [
              'Pushed authorization requests',
              <code>require_pushed_authorization_requests</code>,
              'An authorization request whose parameters come through the browser (RFC 9126).',
            ],
            [
              'Tokens bound to a key',
              <code>dpop_bound_access_tokens</code>,
              'A token request or a FHIR request without a proof of the app’s key (RFC 9449).',
            ],
          ]}
        />
        <h2 id="par">Pushed authorization requests</h2>
        <p>
          The app sends the parameters of the authorization request itself and authenticates. The answer has a{' '}
          <code>request_uri</code> that works once, within 60 seconds. Mistakes are in the answer, before a
          member sees anything.
        </p>
        <CodeBlock>{`curl -u CLIENT_ID:CLIENT_SECRET ${pushed_authorization_request_endpoint} \\
  -d response_type=code -d state=STATE --data-urlencode 'redirect_uri=REDIRECT_URI' \\
  --data-urlencode 'scope=openid fhirUser launch/patient patient/*.rs' \\
  -d code_challenge=CHALLENGE -d code_challenge_method=S256

GET ${authorization_endpoint}?client_id=CLIENT_ID&request_uri=REQUEST_URI`}</CodeBlock>
        <h2 id="dpop">Tokens that are bound to a key (DPoP)</h2>
        <p>
          The app has a key pair and sends a proof with every request: a JWT in the header <code>DPoP</code>.
          A stolen token does not work without the key. Algorithms: {dpopAlgorithms.join(', ')}.
        </p>
        <Table
          head={['Claim', 'Value']}
          rows={[
            ['htm', 'The method of the request.'],
            ['htu', `The URL of the request without its query: ${token_endpoint} for a token.`],
            ['iat', 'Now. A proof is accepted for five minutes.'],
            ['jti', 'A new random text for each request. A proof is accepted once.'],
            ['ath', 'At the FHIR API: the base64url SHA-256 of the access token.'],
          ]}
        />
        <CodeBlock>{`curl -H 'Authorization: DPoP ACCESS_TOKEN' -H 'DPoP: PROOF' '${addresses.sandbox.fhirBaseUrl}/Patient'`}</CodeBlock>
        <p>
          The token answer has <code>token_type</code> DPoP. The FHIR API refuses such a token as a bearer
          token. Libraries do this for you: <code>openid-client</code> has <code>getDPoPHandle</code>.
        </p>
      </>
    );
  },
};
