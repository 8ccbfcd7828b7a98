import { expect, it } from 'vitest';
import * as smart from '@payer/smart';

/* A new environment is a row of the table. Variables, databases and addresses have to follow. */

it('a new environment has variables, a database, paths and a place in the events', () => {
  expect(smart.environments).toEqual(['sandbox', 'production', 'preview']);
  expect(smart.environmentVariable('preview' as never, 'DATABASE_URL')).toBe('PREVIEW_DATABASE_URL');
  expect(smart.databaseAccess.map(({ database }) => database)).toContain('fhir_preview');
  expect(new RegExp(`^/${smart.environmentPattern}/`).test('/preview/token')).toBe(true);
  const { environments } = smart.appState.shape;
  expect(environments.safeParse(['preview']).success).toBe(true);
});

it('an environment that the table does not have is an error', () => {
  for (const unknown of ['staging', 'constructor', ''])
    expect(() => smart.environmentVariable(unknown as never, 'DATABASE_URL')).toThrow(
      'the environments are sandbox, production, preview',
    );
  expect(smart.environmentOfVariable('STAGING_DATABASE_URL', 'DATABASE_URL')).toBeUndefined();
});
