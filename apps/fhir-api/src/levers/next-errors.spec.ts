import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { leverErrors, leverHeader } from '@payer/smart';
import { eventually } from '@payer/testing';
import { Apps } from '../apps/apps.js';
import { appState, publish } from '../gateway/testing/events.js';
import { loadMembers } from '../gateway/testing/members.js';
import { FhirApiSystem } from '../gateway/testing/system.js';

const system = new FhirApiSystem();

describe('an error that the developer has asked for', () => {
  beforeAll(async () => {
    await system.start();
    await loadMembers(system.config);
  });
  afterAll(() => system.stop());

  const set = async (version: number, error: string) => {
    const id = randomUUID();
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    await publish(
      system.publisher,
      'app-updated',
      appState('patientapp', {
        version,
        environments: ['sandbox', 'production'],
        levers: { next_errors: [{ id, endpoint: 'fhir', error, expires_at }], ended_grants: [] },
      }),
    );
    const apps = system.service.app.get(Apps);
    await eventually(() => Promise.resolve(apps.find('patientapp')?.version === version));
    return id;
  };

  it('answers one FHIR request, whichever documented error it is', async () => {
    const token = await system.issuer.patientToken('one');
    for (const [index, { code, statuses }] of leverErrors.fhir.entries()) {
      const id = await set(index + 10, code);
      const answers = await Promise.all([1, 2, 3].map(() => system.request('/Patient/one', { token })));
      const caused = answers.filter(({ headers }) => headers[leverHeader] === id);
      expect({ code, caused: caused.map(({ status }) => status) }).toEqual({ code, caused: [statuses[0]] });
      const said = `${JSON.stringify(caused[0])}`;
      expect(said).toContain(code);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    }
  });

  it('waits in the sandbox, and production does not see it', async () => {
    await set(500, 'exception');
    const real = await system.issuer.patientToken('one', { environment: 'production' });
    const answer = await system.request('/Patient/one', { token: real, environment: 'production' });
    expect(answer.headers[leverHeader]).toBeUndefined();
    const token = await system.issuer.patientToken('one');
    expect((await system.request('/Patient/one', { token })).status).toBe(500);
    expect((await system.request('/Patient/one', { token })).status).toBe(200);
  });
});
