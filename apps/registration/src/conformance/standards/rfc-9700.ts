import type { Standard } from './requirement.js';
import { tests } from './tests.js';

/** The demands on authorization servers and resource servers. Demands on clients are left out. */
export const rfc9700: Standard = {
  slug: 'rfc-9700',
  title: 'OAuth 2.0 Security Best Current Practice',
  version: 'RFC 9700',
  url: 'https://www.rfc-editor.org/rfc/rfc9700',
  requirements: [
    {
      clause: '§2.1',
      level: 'MUST',
      text: 'Compare redirect URIs by exact string matching.',
      test: tests.refusedRequests(
        'an unregistered redirect URI, also one slash off, never redirects and the page helps',
      ),
      checks: ['unregistered-redirect-uri'],
    },
    {
      clause: '§2.1, §4.11.2',
      level: 'MUST NOT',
      text: 'Be an open redirector.',
      test: tests.authorization('an error of an app without approval stays on a page, and leads nowhere'),
      checks: ['unregistered-redirect-uri'],
    },
    {
      clause: '§2.1.1',
      level: 'MUST',
      text: 'Support PKCE.',
      test: tests.system('openid-client connects by discovery, code, PKCE and nonce, and refreshes'),
      checks: ['authorization-request'],
    },
    {
      clause: '§2.1.1',
      level: 'MUST',
      text: 'Enforce the code_verifier when a code_challenge was sent.',
      test: tests.refusedRequests(
        'PKCE plain, also by omission, is refused; a wrong verifier does not get tokens',
      ),
      checks: ['pkce-plain', 'pkce-required'],
    },
    {
      clause: '§2.1.1',
      level: 'MUST',
      text: 'Publish the support of PKCE in code_challenge_methods_supported.',
      test: tests.authServer('the OpenID configuration lists what the server supports'),
      checks: ['smart-configuration', 'openid-configuration'],
    },
    {
      clause: '§2.1.2',
      level: 'SHOULD NOT',
      text: 'Issue access tokens in the authorization response.',
      test: tests.authServer('the OpenID configuration lists what the server supports'),
      checks: ['implicit-flow', 'openid-configuration'],
    },
    {
      clause: '§2.2.2, §4.14.2',
      level: 'MUST',
      text: 'Rotate refresh tokens or bind them to their sender, and detect their reuse.',
      test: tests.refusedRequests(
        'three uses of one refresh token at once get one successor, and later reuse ends the whole grant',
      ),
    },
    {
      clause: '§2.3',
      level: 'SHOULD',
      text: 'Restrict an access token to one resource server.',
      test: tests.gateway('of one environment is refused at the base of the other'),
      checks: ['sandbox-token-in-production', 'directory-token-claims'],
    },
    {
      clause: '§2.3',
      level: 'SHOULD',
      text: 'Restrict an access token to the resources and actions that it needs.',
      test: tests.system("each plan's token is refused where only the other's may go"),
      checks: ['directory-token-reads-no-member'],
    },
    {
      clause: '§2.4',
      level: 'MUST NOT',
      text: 'Offer the password grant.',
      test: tests.refusedRequests(
        'unknown grant types and codes, altered tokens and no token get their own errors',
      ),
      checks: ['password-grant'],
    },
    {
      clause: '§2.5',
      level: 'SHOULD',
      text: 'Authenticate clients.',
      test: tests.refusedRequests('an unknown client and a wrong secret each get their own error'),
      checks: ['wrong-secret', 'no-client-authentication'],
    },
    {
      clause: '§2.6',
      level: 'SHOULD',
      text: 'Publish metadata (RFC 8414).',
      test: tests.authorization(
        'addresses of the discovery document come from configuration, whatever Host says',
      ),
      checks: ['openid-configuration'],
    },
    {
      clause: '§2.6',
      level: 'SHOULD',
      text: 'Use TLS from end to end.',
      test: tests.metadata('every answer demands TLS from browsers, as the other services do (RFC 6797)'),
    },
    {
      clause: '§4.3.2',
      level: 'MUST NOT',
      text: 'Take access tokens from the query of an address.',
      test: tests.gateway('that has its token in the address is refused'),
      checks: ['token-in-query'],
    },
    {
      clause: '§4.4.2',
      level: 'SHOULD',
      text: 'Name the issuer in the authorization response (RFC 9207).',
      test: tests.system('openid-client connects by discovery, code, PKCE and nonce, and refreshes'),
      checks: ['reduced-scope', 'openid-configuration'],
    },
    {
      clause: '§4.5',
      level: 'MUST',
      text: 'Bind a code to its client and redirect URI, and accept it once.',
      test: tests.refusedRequests(
        'of three exchanges of one code at once exactly one wins, and reuse ends what it gave',
      ),
      checks: ['unknown-code'],
    },
    {
      clause: '§4.5',
      level: 'SHOULD',
      text: 'Revoke the tokens of a code that is used again.',
      test: tests.revocation('reuse of a code revokes its grant, and the revocation is published'),
    },
    {
      clause: '§4.12',
      level: 'MUST NOT',
      text: 'Redirect with status 307 after credentials were posted.',
      test: tests.authServer(
        'POST to the authorization endpoint is answered with the same GET, what is no form with a page',
      ),
      checks: ['authorization-request-by-post'],
    },
    {
      clause: '§4.13',
      level: 'MUST',
      text: 'Take no address from a header that a client can send.',
      test: tests.authorization(
        'addresses of the discovery document come from configuration, whatever Host says',
      ),
    },
    {
      clause: '§4.14.2',
      level: 'SHOULD',
      text: 'Revoke refresh tokens when the member or the app ends the grant.',
      test: tests.revocation(
        'revocation ends an access token alone, a refresh token with its grant, and nobody else’s',
      ),
    },
    {
      clause: '§4.16',
      level: 'MUST',
      text: 'Prevent clickjacking of the pages where the member decides.',
      test: tests.consentScreen('asks for no picture and no page of another host before the yes'),
    },
    {
      clause: '§2.2.1',
      level: 'SHOULD',
      text: 'Bind access tokens to their sender (DPoP).',
      test: tests.senderConstraint('is refused as a bearer token, also after it was used as it should be'),
    },
    {
      clause: '§2.2.1',
      level: 'SHOULD',
      text: 'Refuse a proof that was used before.',
      test: tests.senderConstraint(
        'is refused with a proof that was used before, of several requests at once as well',
      ),
    },
    {
      clause: '§2.5',
      level: 'SHOULD',
      text: 'Authenticate clients with asymmetric keys.',
      test: tests.clientAssertions(
        'runs the patient flow with refresh, introspection and revocation by an unmodified library',
      ),
    },
    {
      clause: '§4.17',
      level: 'MUST',
      text: 'Restrict the receivers of in-browser messages.',
      notApplicable: 'No response is sent by an in-browser message (postMessage).',
    },
  ],
};
