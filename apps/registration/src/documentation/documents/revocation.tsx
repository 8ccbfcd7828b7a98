import { endpointPaths, endpoints, grantErrors } from '@payer/smart';
import { CodeBlock, Table } from '@payer/ui';
import type { Document } from './document.js';

export const revocation: Document = {
  slug: 'revocation',
  title: 'Revocation',
  summary: 'Who can end access, what each act ends, and how fast.',
  body: ({ addresses }) => {
    const { revocation_endpoint, introspection_endpoint, management_endpoint } = endpoints(addresses.sandbox);
    return (
      <>
        <p>
          An end usually takes effect within milliseconds. It never takes longer than 30 seconds, whatever
          fails. A request after that gets 401.
        </p>
        <Table
          head={['Act', 'By', 'Ends']}
          rows={[
            [
              'Disconnect on the page of connected apps',
              'Member',
              'The grant with its code and all of its tokens',
            ],
            ['The date that the member chose has come', 'Nobody', 'The grant with all of its tokens'],
            ['Revoke a refresh token (RFC 7009)', 'App', 'The grant with all of its tokens'],
            ['Revoke an access token (RFC 7009)', 'App', 'That token'],
            ['Use a code twice', 'App', 'The grant with all of its tokens'],
            ['Use a refresh token twice', 'App', 'The grant with all of its tokens'],
            ['Replace the secret', 'Developer', 'The old secret, after the grace period. Tokens live on.'],
            ['End the previous secret now', 'Developer', 'That secret. Tokens live on.'],
            ['Remove a redirect URI', 'Developer', 'New authorizations with it. Tokens live on.'],
            ['Delete the app', 'Developer', 'The app with its grants and tokens, for good'],
            ['Suspend the app', 'Platform team', 'Every token issued so far. The app gets no new ones.'],
          ]}
        />
        <h2>Why a token is refused</h2>
        <p>
          A refused refresh has <code>error_code</code> beside <code>error</code>, and <code>error_uri</code>{' '}
          leads to the page of that code. The FHIR API names the same page in <code>WWW-Authenticate</code>.
        </p>
        <Table
          head={['error_code', 'Cause']}
          rows={grantErrors
            .filter(({ source }) => source === 'token')
            .map(({ code, causes }) => [
              <a href={`/docs/errors/${code}`}>
                <code>{code}</code>
              </a>,
              causes[0]?.cause ?? '',
            ])}
        />
        <h2>Give a token back</h2>
        <p>When a member removes your app, revoke the refresh token. The member’s page then says so.</p>
        <CodeBlock>{`curl -u CLIENT_ID:CLIENT_SECRET ${revocation_endpoint} -d token=REFRESH_TOKEN`}</CodeBlock>
        <p>The answer is 200 also for a token that the server does not know (RFC 7009 §2.2).</p>
        <h2>Ask about a token</h2>
        <CodeBlock>{`curl -u CLIENT_ID:CLIENT_SECRET ${introspection_endpoint} -d token=ACCESS_TOKEN`}</CodeBlock>
        <p>
          Introspection (RFC 7662) answers an app about its own tokens. The answer for any other token is{' '}
          <code>{'{"active": false}'}</code>.
        </p>
        <h2>Sign the member out</h2>
        <p>
          Send the browser to the end-session endpoint (OpenID Connect RP-Initiated Logout 1.0), so that the
          next person at a shared computer has to sign in. Register <code>post_logout_redirect_uris</code> in
          the settings of the app first.
        </p>
        <CodeBlock>{`${addresses.sandbox.issuer}${endpointPaths.endSession}?id_token_hint=ID_TOKEN&post_logout_redirect_uri=https%3A%2F%2Fclient-app.example%2Fbye&state=STATE`}</CodeBlock>
        <ul>
          <li>
            The member is always asked. “Yes” ends the session here, and the one at the sign-in provider of
            the plan if that provider supports it. “No” changes nothing. Both lead back to your address with{' '}
            <code>state</code>, so end the session of your app before you redirect.
          </li>
          <li>
            A sign-out ends no grant and no token. Your app can still refresh. To give up access, revoke the
            refresh token.
          </li>
          <li>
            The address is compared character for character. An expired <code>id_token</code> is accepted. You
            may send <code>client_id</code> instead of <code>id_token_hint</code>.
          </li>
          <li>In production an address at a new host waits for a review, as a redirect URI does.</li>
        </ul>
        <h2>The member’s side</h2>
        <p>
          Members see and disconnect apps at <a href={management_endpoint}>{management_endpoint}</a> in the
          sandbox. Link to it from your app.
        </p>
      </>
    );
  },
};
