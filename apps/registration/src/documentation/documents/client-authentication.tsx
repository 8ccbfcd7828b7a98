import { assertionAlgorithms, assertionMaxLifetime, endpoints } from '@payer/smart';
import { CodeBlock, Table } from '@payer/ui';
import type { Document } from './document.js';

export const clientAuthentication: Document = {
  slug: 'client-authentication',
  title: 'Client authentication',
  summary: 'How an app proves who it is: with a secret, or with a key pair.',
  body: ({ addresses }) => {
    const { token_endpoint } = endpoints(addresses.sandbox);
    return (
      <>
        <p>
          An app authenticates at the token, introspection and revocation endpoints. It has one method at a
          time, which you choose on the Credentials page of the app. Every plan takes both methods.
        </p>
        <Table
          head={['Method', 'The app sends', 'Choose it when']}
          rows={[
            [
              <code>client_secret_basic</code>,
              'client_id and client_secret with HTTP Basic.',
              'You want the simplest start.',
            ],
            [
              <code>private_key_jwt</code>,
              'A JWT that it signs with its private key (RFC 7523).',
              'No secret may leave your servers, or you rotate keys yourself.',
            ],
          ]}
        />
        <h2>Register your keys</h2>
        <ol class="steps">
          <li>
            Make a key pair for {assertionAlgorithms.join(' or ')}: RSA with at least 2048 bits, or the curve
            P-384. Give it a <code>kid</code>. The private key stays with your app.
          </li>
          <li>
            Register the public key on the Credentials page. Either give the address of your JSON Web Key Set
            (<code>jwks_uri</code>), or the key set itself (<code>jwks</code>). Programs send the same members
            to the JSON API, or to dynamic client registration.
          </li>
          <li>
            Change the method to <code>private_key_jwt</code> when your app signs. The secrets of the app stop
            working then.
          </li>
        </ol>
        <h2>Sign a request</h2>
        <p>The header of the JWT has alg and kid. Its claims are:</p>
        <Table
          head={['Claim', 'Value']}
          rows={[
            ['iss, sub', 'Your client_id, in both.'],
            ['aud', `The token endpoint of the environment: ${token_endpoint} in the sandbox.`],
            ['exp', `At most ${assertionMaxLifetime} seconds in the future.`],
            ['jti', 'A new random text for each request. A JWT is accepted once.'],
          ]}
        />
        <CodeBlock>{`curl ${token_endpoint} \\
  -d grant_type=client_credentials --data-urlencode 'scope=system/*.rs' \\
  -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \\
  -d client_assertion=JWT`}</CodeBlock>
        <p>
          Send no <code>client_secret</code> and no Authorization header beside it. Libraries do all of this:{' '}
          <code>openid-client</code> has <code>PrivateKeyJwt</code>, <code>fhirclient</code> has{' '}
          <code>clientPrivateJwk</code>.
        </p>
        <h2>Replace a key</h2>
        <p>
          Add the new key with a new kid to your key set, then sign with it. The server reads your{' '}
          <code>jwks_uri</code> at once when it meets a kid that it does not know. It keeps a key set for at
          most five minutes, and shorter if your Cache-Control says so. A key that you remove is refused after
          that time.
        </p>
        <p>
          The address must begin with https://, answer within five seconds without a redirect, and lead to a
          public network address.
        </p>
      </>
    );
  },
};
