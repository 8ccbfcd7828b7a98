import { expect, it } from 'vitest';
import { appOfToken, planRules, tokenFault, type AppState, type TokenFault } from './index.js';

const issued = 1_700_000_000;
const claims = {
  scope: planRules['patient-access'].scopes.join(' '),
  patient: 'p',
  grant_id: 'g',
  iat: issued,
};
const state = {
  status: 'active',
  plan: 'patient-access',
  environments: ['sandbox'],
  tokens_valid_from: new Date(issued * 1000).toISOString(),
} as AppState;

it.each<[TokenFault | undefined, Partial<AppState>]>([
  [undefined, {}],
  ['app-deleted', { status: 'deleted' }],
  ['app-suspended', { status: 'suspended', environments: [] }],
  ['before-suspension', { tokens_valid_from: new Date(issued * 1000 + 1).toISOString() }],
  ['not-bound', { dpop_bound_access_tokens: true }],
  ['no-plan', { plan: null, environments: [] }],
  ['environment-closed', { environments: ['production'] }],
  ['other-plan', { plan: 'provider-directory' }],
])('the state of an app causes the fault %s of its token', (fault, more) => {
  expect(tokenFault({ environment: 'sandbox', claims }, appOfToken({ ...state, ...more }))).toBe(fault);
});

it('a token that is bound to a key fits an app that is set to such tokens', () => {
  const app = appOfToken({ ...state, dpop_bound_access_tokens: true });
  const bound = { ...claims, cnf: { jkt: 'thumbprint' } };
  expect(tokenFault({ environment: 'sandbox', claims: bound }, app)).toBeUndefined();
});
