import { describe, expect, it } from 'vitest';
import { redirectWithErrorPage, withErrorPage } from '@payer/service';
import { oauthErrors } from '@payer/smart';
import { errors } from 'oidc-provider';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Errors of engine features that are off here (provider.ts), so that no app ever gets them. */
const ofFeaturesThatAreOff = [
  'authorization_pending',
  'credential_request_denied',
  'expired_login_hint_token',
  'expired_token',
  'insufficient_scope',
  'invalid_authorization_details',
  'invalid_binding_message',
  'invalid_client_attestation',
  'invalid_credential_request',
  'invalid_nonce',
  'invalid_proof',
  'invalid_request_object',
  'invalid_user_code',
  'missing_user_code',
  'slow_down',
  'transaction_failed',
  'unknown_credential_configuration',
  'unknown_credential_identifier',
  'unknown_user_id',
  'unmet_authentication_requirements',
  // checkResponseMode refuses it before the engine's own check.
  'unsupported_response_mode',
  'unsupported_token_type',
  'use_attestation_challenge',
  'use_dpop_nonce',
  'use_fresh_attestation',
];

const documented = new Set(oauthErrors.map(({ code }) => code));

describe('the errors of auth-server', () => {
  it('have a page in the documentation, each error of the engine included', () => {
    const ofEngine = new Set(
      Object.values(errors as unknown as Record<string, new (...given: unknown[]) => Error>)
        .map((OneError) => (new OneError('x', 'x') as { error?: string }).error)
        .filter((code): code is string => typeof code === 'string' && code !== 'x'),
    );
    expect(ofEngine.size).toBeGreaterThan(20);
    const undocumented = [...ofEngine].filter((code) => !documented.has(code));
    expect(undocumented.sort()).toEqual([...ofFeaturesThatAreOff].sort());
  });

  it('have a page in the documentation, each error of our own sources included', () => {
    const sources = readdirSync(join(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file) && !/\.spec\./.test(file))
      .map((file) => readFileSync(join(import.meta.dirname, '..', file), 'utf8'))
      .join('\n');
    const codes = [...sources.matchAll(/\berror(?: =|:) '([a-z_]+)'/g)].map(([, code]) => code ?? '');
    expect(codes.length).toBeGreaterThan(5);
    expect(codes.filter((code) => !documented.has(code))).toEqual([]);
  });

  it('name that page: in a JSON body, and in a redirect to the app', () => {
    const portal = 'https://portal.example';
    const page = `${portal}/docs/errors/invalid_grant`;
    expect(withErrorPage({ error: 'invalid_grant' }, portal)).toEqual({
      error: 'invalid_grant',
      error_uri: page,
    });
    for (const other of [{ access_token: 'x' }, undefined, 'text', { error: 1 }])
      expect(withErrorPage(other, portal)).toBe(other);
    const location = redirectWithErrorPage('https://app.example/cb?error=access_denied&state=s%20t', portal);
    expect(new URL(location).searchParams.get('error_uri')).toBe(`${portal}/docs/errors/access_denied`);
    expect(new URL(location).searchParams.get('state')).toBe('s t');
    for (const other of ['/sandbox/interaction/x', 'https://app.example/cb?code=x'])
      expect(redirectWithErrorPage(other, portal)).toBe(other);
  });
});
