import fc from 'fast-check';
import type { App } from '@payer/journey';
import { encoded, someHeaders, someParameters, type FuzzRequest, type Parameters } from './request.js';
import { anyValue } from './values.js';

/** Endpoints of the discovery document (RFC 8414 §2) and the parameters that they may be sent. */
const parametersOf: Record<string, readonly string[]> = {
  authorization_endpoint: [
    'response_type',
    'client_id',
    'redirect_uri',
    'scope',
    'state',
    'aud',
    'nonce',
    'prompt',
    'max_age',
    'acr_values',
    'login_hint',
    'id_token_hint',
    'ui_locales',
    'display',
    'claims',
    'code_challenge',
    'code_challenge_method',
    'response_mode',
    'resource',
    'request',
    'request_uri',
    'launch',
  ],
  token_endpoint: [
    'grant_type',
    'code',
    'redirect_uri',
    'code_verifier',
    'refresh_token',
    'scope',
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'resource',
    'audience',
  ],
  introspection_endpoint: ['token', 'token_type_hint', 'client_id', 'client_secret'],
  revocation_endpoint: ['token', 'token_type_hint', 'client_id', 'client_secret'],
  end_session_endpoint: ['id_token_hint', 'post_logout_redirect_uri', 'state', 'client_id', 'logout_hint'],
  pushed_authorization_request_endpoint: [
    'response_type',
    'client_id',
    'client_secret',
    'redirect_uri',
    'scope',
    'code_challenge',
  ],
  jwks_uri: ['anything'],
};

/**
 * Requests to every endpoint of the discovery document: the parameters of a good request, some of them
 * replaced, left out or doubled.
 * @param tokens tokens of all kinds that the app has
 */
export async function oauthRequests(app: App, tokens: readonly string[]): Promise<fc.Arbitrary<FuzzRequest>> {
  const discovery = (await (await fetch(`${app.issuer}/.well-known/openid-configuration`)).json()) as Record<
    string,
    unknown
  >;
  const endpoints = Object.keys(parametersOf).flatMap((name) =>
    typeof discovery[name] === 'string' ? [[name, discovery[name]] as const] : [],
  );
  const { client_id, client_secret } = app.credentials;
  const good: Parameters = [
    ['response_type', 'code'],
    ['client_id', client_id],
    ['redirect_uri', app.redirectUri],
    ['scope', 'openid fhirUser launch/patient patient/*.rs'],
    ['state', 'state-1'],
    ['grant_type', 'authorization_code'],
    ...tokens.map((token) => ['token', token] as const),
  ];
  const basic = (secret: string) => `Basic ${Buffer.from(secret).toString('base64')}`;
  const authorization = fc.oneof(
    fc.constantFrom<Record<string, string>>(
      {},
      { authorization: basic(`${client_id}:${client_secret}`) },
      { authorization: basic(`${client_id}:wrong`) },
      { authorization: 'Basic ====' },
    ),
    anyValue.map((value): Record<string, string> => ({ authorization: basic(value) })),
  );
  return fc.constantFrom(...endpoints).chain(([name, url]) => {
    const names = parametersOf[name]!;
    const kept = fc.subarray(good.filter(([parameter]) => names.includes(parameter)));
    return fc
      .tuple(
        kept,
        someParameters(names),
        fc.constantFrom('GET', 'POST', 'POST', 'OPTIONS', 'PUT'),
        authorization,
        someHeaders,
        fc.boolean(),
      )
      .map(([first, more, method, credentials, headers, isRaw]) => {
        const text = encoded([...first, ...more], isRaw);
        return method === 'POST'
          ? {
              method,
              url,
              headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers, ...credentials },
              body: text,
            }
          : { method, url: `${url}?${text}`, headers: { ...headers, ...credentials } };
      });
  });
}
