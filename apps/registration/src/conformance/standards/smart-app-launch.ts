import type { Standard } from './requirement.js';
import { tests } from './tests.js';

/** The demands on servers. Demands on apps are left out. */
export const smartAppLaunch: Standard = {
  slug: 'smart-app-launch',
  title: 'SMART App Launch',
  version: '2.2.0',
  url: 'https://hl7.org/fhir/smart-app-launch/STU2.2/',
  requirements: [
    {
      clause: 'App Launch: PKCE',
      level: 'SHALL',
      text: 'Support the code challenge method S256.',
      test: tests.consentDecisions(
        'signs a member in, asks consent by a signed request, and gives the tokens of the page',
      ),
      checks: ['smart-configuration', 'authorization-request'],
    },
    {
      clause: 'App Launch: PKCE',
      level: 'SHALL NOT',
      text: 'Support the code challenge method plain.',
      test: tests.refusedRequests(
        'PKCE plain, also by omission, is refused; a wrong verifier does not get tokens',
      ),
      checks: ['smart-configuration', 'pkce-plain'],
    },
    {
      clause: 'App Launch: authorization request',
      level: 'SHALL',
      text: 'Take the authorization request by GET and, with the capability authorize-post, by POST.',
      test: tests.authServer(
        'POST to the authorization endpoint is answered with the same GET, what is no form with a page',
      ),
      checks: ['authorization-request', 'authorization-request-by-post'],
    },
    {
      clause: 'App Launch: authorization request',
      level: 'SHALL',
      text: 'Compare aud with the FHIR base, so that no token is made for another server.',
      test: tests.refusedRequests('a wrong aud never leads to a code'),
      checks: ['wrong-audience'],
    },
    {
      clause: 'App Launch: authorization request',
      level: 'SHALL',
      text: 'Send the browser to registered redirect URIs only.',
      test: tests.refusedRequests(
        'an unregistered redirect URI, also one slash off, never redirects and the page helps',
      ),
      checks: ['unregistered-redirect-uri'],
    },
    {
      clause: 'App Launch: authorization response',
      level: 'SHALL',
      text: 'Return the state of the request, and a code after a yes.',
      test: tests.system("the page's request works with and without aud, state and PKCE"),
      checks: ['reduced-scope'],
    },
    {
      clause: 'App Launch: authorization response',
      level: 'SHALL',
      text: 'Return access_denied when the member says no.',
      test: tests.signIn('a member can cancel at the sign-in: the app gets access_denied'),
    },
    {
      clause: 'App Launch: access token response',
      level: 'SHALL',
      text: 'Answer with access_token, token_type, expires_in and scope, and with patient for launch/patient.',
      test: tests.consentDecisions(
        'signs a member in, asks consent by a signed request, and gives the tokens of the page',
      ),
      checks: ['directory-token'],
    },
    {
      clause: 'App Launch: access token response',
      level: 'SHALL',
      text: 'Send Cache-Control: no-store and Pragma: no-cache with every token response.',
      test: tests.consentDecisions(
        'signs a member in, asks consent by a signed request, and gives the tokens of the page',
      ),
      checks: ['directory-token'],
    },
    {
      clause: 'App Launch: access token response',
      level: 'SHALL',
      text: 'Accept a code once.',
      test: tests.refusedRequests(
        'of three exchanges of one code at once exactly one wins, and reuse ends what it gave',
      ),
    },
    {
      clause: 'App Launch: access to FHIR',
      level: 'SHALL',
      text: 'Refuse a request without a valid token, and let a token read its own patient only.',
      test: tests.system(
        'a member sees their own records and nothing of another: not by read, search, include or reference',
      ),
      checks: ['no-token', 'rubbish-token', 'altered-token', 'directory-token-reads-no-member'],
    },
    {
      clause: 'App Launch: refresh tokens',
      level: 'SHALL',
      text: 'Bind a refresh token to its app.',
      test: tests.refreshTokens('another app gets nothing for a repeated refresh token, and ends nothing'),
    },
    {
      clause: 'App Launch: refresh tokens',
      level: 'SHALL',
      text: 'Give a refreshed token no more scope than the grant has.',
      test: tests.tokenEndpoint(
        'a refused code or refresh token says why, and a wrong scope does not cost the app its refresh token',
      ),
    },
    {
      clause: 'Scopes: identity',
      level: 'SHALL',
      text: 'Name in fhirUser a resource that the same token can read.',
      test: tests.system(
        'the access token says what RFC 9068 and SMART want, the id_token names a readable fhirUser',
      ),
    },
    {
      clause: 'Scopes: identity',
      level: 'SHALL',
      text: 'Sign id_tokens with RS256, and publish the keys and the OpenID configuration.',
      test: tests.authServer('the OpenID configuration lists what the server supports'),
      checks: ['openid-configuration', 'published-keys'],
    },
    {
      clause: 'Scopes: FHIR resources',
      level: 'SHALL',
      text: 'Take scopes of version 2, and answer with the granted scope.',
      test: tests.refusedRequests('too few, too many, unknown or foreign scopes are invalid_scope and named'),
      checks: ['reduced-scope', 'foreign-scope', 'directory-token'],
    },
    {
      clause: 'Scopes: offline_access',
      level: 'SHOULD',
      text: 'Name offline_access and online_access in the response when they are granted.',
      test: tests.tokens('%s is named in the response of an app that asked for it, and in no access token'),
    },
    {
      clause: 'Client authentication: symmetric',
      level: 'SHALL',
      text: 'Support HTTP Basic with client_id and client_secret.',
      test: tests.tokenEndpoint(
        'client credentials give exactly system/*.rs, in plain and percent-encoded Basic authentication',
      ),
      checks: ['directory-token', 'wrong-secret'],
    },
    {
      clause: 'Client authentication: asymmetric',
      level: 'SHALL',
      text: 'Support assertions that are signed with RS384 or ES384.',
      test: tests.clientAssertions('runs the directory flow with %s by an unmodified library'),
      checks: ['smart-configuration'],
    },
    {
      clause: 'Client authentication: asymmetric',
      level: 'SHALL',
      text: 'Refuse an assertion with a wrong signature, issuer, subject, audience, lifetime or jti.',
      test: tests.clientAssertions('is refused with %s, and its developer reads why'),
    },
    {
      clause: 'Client authentication: asymmetric',
      level: 'SHALL',
      text: 'Accept a jti once.',
      test: tests.clientAssertions(
        'an assertion is good once, of several requests at once as well, at whichever endpoint',
      ),
    },
    {
      clause: 'Client authentication: asymmetric',
      level: 'SHALL',
      text: 'Take keys by URL and by value, and fetch those of a URL again for an unknown kid.',
      test: tests.clientAssertions(
        'has its keys fetched once for many requests, and again for a key that is new',
      ),
    },
    {
      clause: 'Backend services',
      level: 'SHALL',
      text: 'Give a token for client credentials that a signed assertion authenticates.',
      test: tests.clientAssertions('runs the directory flow with %s by an unmodified library'),
    },
    {
      clause: 'Token introspection',
      level: 'SHALL',
      text: 'Answer with active, scope, client_id and exp, and with patient and fhirUser of the token response.',
      test: tests.revocation(
        'introspection answers an app about its own tokens only, and a resource server about any token',
      ),
      checks: ['introspection', 'introspection-of-rubbish'],
    },
    {
      clause: 'Conformance: discovery',
      level: 'SHALL',
      text: 'Serve /.well-known/smart-configuration as JSON without a token, whatever the request accepts.',
      test: tests.metadata('gives the SMART configuration as JSON whatever is accepted'),
      checks: ['smart-configuration'],
    },
    {
      clause: 'Conformance: discovery',
      level: 'SHALL',
      text: 'Name issuer, jwks_uri, the endpoints, grant types, capabilities and code challenge methods.',
      test: tests.rules(
        'has the members that SMART 2.2 requires of a standalone, confidential, patient-level server',
      ),
      checks: ['smart-configuration'],
    },
    {
      clause: 'Conformance: discovery',
      level: 'SHOULD',
      text: 'Name the same endpoints in the extension oauth-uris of the CapabilityStatement.',
      test: tests.metadata(
        'names the same addresses in the CapabilityStatement and in the SMART configuration',
      ),
      checks: ['metadata'],
    },
    {
      clause: 'Conformance: discovery',
      level: 'SHOULD',
      text: 'Name a management endpoint where the member can end a grant.',
      test: tests.system('the API of connected apps lists and ends a grant; the next calls are refused'),
      checks: ['smart-configuration'],
    },
    {
      clause: 'Conformance: discovery',
      level: 'SHOULD',
      text: 'Offer a revocation endpoint (RFC 7009).',
      test: tests.revocation(
        'revocation ends an access token alone, a refresh token with its grant, and nobody else’s',
      ),
      checks: ['revocation', 'revocation-of-rubbish'],
    },
    {
      clause: 'Considerations: CORS',
      level: 'SHALL',
      text: 'Let pages of any origin call the FHIR API with a token.',
      test: tests.representation(
        'lets any web page call it with a token, and read what it needs of the answer',
      ),
    },
    {
      clause: 'Considerations: CORS',
      level: 'SHALL',
      text: 'Let pages of any origin read discovery, and call the token endpoint.',
      test: tests.tokens('a page of another origin gets the answer that its preflight announced'),
    },
    {
      clause: 'App Launch: EHR launch',
      level: 'SHALL',
      text: 'Take the launch parameter of an EHR launch.',
      notApplicable: 'A health plan is no EHR. The capability launch-ehr is not claimed.',
    },
    {
      clause: 'Conformance: client types',
      level: 'SHALL',
      text: 'Serve public clients with the capability client-public.',
      notApplicable: 'Every app has a secret. The capability client-public is not claimed.',
    },
  ],
};
