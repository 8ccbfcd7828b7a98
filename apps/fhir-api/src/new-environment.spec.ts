import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from '@payer/smart';
import { FhirApiSystem } from './gateway/testing/system.js';
import { appState } from './gateway/testing/events.js';
import { databaseUrl } from './databases.js';

/*
 * A new environment is a row of the table. It has a base, a database and tokens that are invalid elsewhere.
 */

const preview = 'preview' as Environment;

describe('a new environment', () => {
  const system = new FhirApiSystem();
  beforeAll(async () => {
    await system.start();
    system.owners.commitApp(appState('previewapp', { environments: [preview] }));
    await system.restart();
  });
  afterAll(() => system.stop());

  it('is served at its own base, with its own issuer', async () => {
    const metadata = await system.request('/metadata', { environment: preview });
    expect(metadata.json).toMatchObject({ name: 'PreviewFhirApi' });
    const { json } = await system.request('/.well-known/smart-configuration', { environment: preview });
    expect(json.issuer).toBe(`${system.issuer.url}/preview`);
    const ready = await (await fetch(`${system.service.url}/health/ready`)).json();
    expect(ready).toMatchObject({ details: { 'preview database': { status: 'up' } } });
  });

  it('takes its tokens and no others, and no other environment takes them', async () => {
    const token = (environment: Environment) =>
      system.issuer.patientToken('one', { environment, claims: { client_id: 'previewapp' } });
    const status = async (at: Environment, of: Environment) =>
      (await system.request('/Coverage', { environment: at, token: await token(of) })).status;
    expect(await status(preview, preview)).toBe(200);
    expect(await status('production', preview)).toBe(401);
    expect(await status(preview, 'sandbox')).toBe(401);
    expect(await status('sandbox', 'sandbox')).toBe(403);
  });

  it('has its own database; an environment that is not in the table is an error, and no other database is read', () => {
    expect(databaseUrl(system.config, preview)).toContain('/fhir_preview');
    expect(() => databaseUrl(system.config, 'staging' as Environment)).toThrow('no environment staging');
  });
});
