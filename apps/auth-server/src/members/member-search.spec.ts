import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate, ServiceIdentity, type RunningService } from '@payer/service';
import type { ServiceName } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { readConfig, type Config } from '../config.js';
import { databaseOptions } from '../database/database-options.js';
import { authServer } from '../service.js';

describe('the member directory answers the platform team', () => {
  let postgres: TestPostgres;
  let config: Config;
  let service: RunningService;
  let source: DataSource;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_URL: await postgres.database('auth_server'),
      EVENTS_DATABASE_URL: await postgres.database('events'),
    });
    await migrate(databaseOptions(config.DATABASE_URL));
    service = await authServer.start(config);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
    await source.query(
      `INSERT INTO member (environment, sub, username, password_hash, patient, name) VALUES
       ('sandbox', 'sub-1', 'M-1', 'hash', 'patient-1', 'Maria Lindqvist'),
       ('sandbox', 'sub-2', 'M-2', 'hash', 'patient-1', 'Jonas Lindqvist'),
       ('production', 'sub-3', 'M-1', 'hash', 'patient-3', 'Ada Example')`,
    );
  }, 60_000);
  afterAll(async () => {
    await source?.destroy();
    await service?.close();
    await postgres?.stop();
  });

  async function ask(path: string, caller: ServiceName = 'registration') {
    const authorization = await ServiceIdentity.of(caller, config).authorizationFor('auth-server');
    const answer = await fetch(`${service.url}/internal/${path}`, {
      headers: { authorization },
    });
    const text = await answer.text();
    expect(text).not.toMatch(/Lindqvist|Example|hash/);
    return { status: answer.status, members: (JSON.parse(text) as { members?: { sub: string }[] }).members };
  }

  it('finds a member by member number, sub or patient id, in one environment, and gives ids only', async () => {
    const subs = async (path: string) => (await ask(path)).members?.map(({ sub }) => sub);
    expect((await ask('sandbox/members?identifier=M-1')).members).toEqual([
      { sub: 'sub-1', patient: 'patient-1', member_number: 'M-1' },
    ]);
    expect(await subs('sandbox/members?identifier=sub-2')).toEqual(['sub-2']);
    expect(await subs('sandbox/members?identifier=patient-1')).toEqual(['sub-1', 'sub-2']);
    expect(await subs('production/members?identifier=M-1')).toEqual(['sub-3']);
    expect(await subs('production/members?identifier=sub-1')).toEqual([]);
  });

  it('answers registration only, and no other question', async () => {
    expect((await fetch(`${service.url}/internal/sandbox/members?identifier=M-1`)).status).toBe(401);
    for (const other of ['consent', 'fhir-api'] as const)
      expect((await ask('sandbox/members?identifier=M-1', other)).status).toBe(403);
    for (const query of ['', '?identifier=', '?username=M-1'])
      expect((await ask(`sandbox/members${query}`)).status).toBe(400);
  });
});
