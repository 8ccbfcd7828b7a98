import { expect, it } from 'vitest';
import { environmentsOf } from './apps/app-state.js';
import { readConfig } from './config.js';

/* A new environment is a row of the table, which says when the environment opens to an app. */

it('a new environment opens when its row says so', () => {
  const app = { status: 'active', plan: 'patient-access', approved_at: null } as const;
  expect(environmentsOf(app)).toEqual(['sandbox']);
  expect(environmentsOf({ ...app, approved_at: new Date() })).toEqual(['sandbox', 'production', 'preview']);
  expect(environmentsOf({ ...app, approved_at: new Date(), status: 'suspended' })).toEqual([]);
});

it('a new environment has addresses, and a wrong address names its variable', () => {
  expect(readConfig({})).toMatchObject({
    PREVIEW_FHIR_BASE_URL: 'http://localhost:4003/preview/interop/external/fhir',
  });
  expect(() => readConfig({ PREVIEW_FHIR_BASE_URL: 'nowhere' })).toThrow('PREVIEW_FHIR_BASE_URL');
});
