import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, ServiceIdentity } from '@payer/service';
import { Client } from 'pg';
import { databaseVariables } from './databases.js';
import { loadMembers } from './gateway/testing/members.js';
import { send } from './gateway/testing/http.js';
import { bases, FhirApiSystem } from './gateway/testing/system.js';

describe('a process that serves one environment', () => {
  const system = new FhirApiSystem();
  const nowhere = 'postgres://nobody@localhost:1/none';

  // The other environment has no database at all.
  beforeAll(async () => {
    await system.start({ ENVIRONMENTS: 'sandbox', PRODUCTION_DATABASE_URL: nowhere });
    await loadMembers(system.config);
  });
  afterAll(() => system.stop());

  it('answers at its base, and is ready without the database of the other', async () => {
    const token = await system.issuer.patientToken('one');
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
    const ready = await fetch(`${system.service.url}/health/ready`);
    const { details } = (await ready.json()) as { details: Record<string, unknown> };
    expect(Object.keys(details)).toContain('sandbox database');
    expect(Object.keys(details)).not.toContain('production database');
    expect(ready.status).toBe(200);
  });

  it('has no base of the other, names its own, and shows no records of the other', async () => {
    for (const path of ['/metadata', '/Patient/one', '/.well-known/smart-configuration']) {
      const { status, json } = await send(system.service.url, `${bases.production}${path}`);
      expect([path, status]).toEqual([path, 404]);
      expect(json.issue[0].diagnostics).toContain(`The base is ${bases.sandbox} (sandbox).`);
    }
    const registration = ServiceIdentity.of('registration', { NODE_ENV: 'test' });
    const authorization = await registration.authorizationFor('fhir-api');
    const records = await fetch(`${system.service.url}/internal/production/access`, {
      headers: { authorization },
    });
    expect(records.status).toBe(404);
  });

  it('opens connections to its own database only', async () => {
    const observer = new Client(system.config.SANDBOX_DATABASE_URL);
    await observer.connect();
    const { rows } = await observer.query(
      "SELECT DISTINCT datname FROM pg_stat_activity WHERE application_name LIKE 'fhir-api%'",
    );
    await observer.end();
    expect(rows.map(({ datname }) => `/${datname}`)).toEqual([
      new URL(system.config.SANDBOX_DATABASE_URL!).pathname,
    ]);
  });

  it('needs no variables of the other in production; a name that is none is refused', () => {
    const variables = (ENVIRONMENTS?: string) =>
      loadConfig(databaseVariables, {
        NODE_ENV: 'production',
        ENVIRONMENTS,
        SANDBOX_DATABASE_URL: 'postgres://fhir_api:3f9c1f4be0d84c17@db.example.org/fhir_sandbox',
      });
    expect(variables('sandbox').ENVIRONMENTS).toEqual(['sandbox']);
    expect(() => variables()).toThrow(/PRODUCTION_DATABASE_URL must be set/);
    for (const wrong of ['staging', 'sandbox,sandbox', ','])
      expect(() => variables(wrong)).toThrow(/ENVIRONMENTS/);
  });
});
