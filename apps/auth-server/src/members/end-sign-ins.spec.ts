import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword, type Queryable } from '@payer/service';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeStep } from '../engine/unit-of-work/step-rows.js';
import { beginStep } from '../second-factor/second-factor-steps.js';
import { migrated } from '../testing/migrated.js';
import { importMembers } from './import.js';
import { MemberPasswords } from './passwords/member-passwords.js';

const environment = 'production';
const row = { environment, grantId: null, lifetime: 600, wasRead: false };

/** The step that stores the right password: the interaction names the member. */
const interaction = { ...row, model: 'Interaction', id: 'i', uid: 'i', payload: login() };
/** The step that begins the session. */
const session = { ...row, model: 'Session', id: 's', uid: 's', payload: { accountId: 'sub' } };

function login() {
  return { result: { login: { accountId: 'sub' } } } as object;
}

describe('an import of a new password, in the moment of a sign-in with the earlier one', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  let url: string;
  beforeAll(async () => {
    postgres = await startTestPostgres();
    url = await postgres.database('auth_server', migrated);
    source = await new DataSource({ type: 'postgres', url }).initialize();
  }, 120_000);
  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });
  beforeEach(async () => {
    await source.query('DELETE FROM oidc_artifact');
    await source.query("DELETE FROM member WHERE sub = 'sub'");
    await source.query("INSERT INTO member VALUES ($1, 'sub', 'ada', $2, 'patient-1', 'Ada')", [
      environment,
      await hashPassword('the first password'),
    ]);
  });

  const left = async () =>
    (await source.query('SELECT model FROM oidc_artifact ORDER BY model')).map(
      ({ model }: { model: string }) => model,
    );
  const importNewPassword = () => {
    const file = join(mkdtempSync(join(tmpdir(), 'members-')), 'members.ndjson');
    const line = { username: 'ada', patient: 'patient-1', name: 'Ada', password: 'the second password' };
    writeFileSync(file, JSON.stringify(line));
    return importMembers(url, environment, file);
  };
  const isWaiting = async () =>
    (await source.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length > 0;
  /** Runs a step of the sign-in, and the import before the step commits. */
  async function meet(step: (db: Queryable) => Promise<unknown>): Promise<void> {
    let importing: Promise<unknown> = Promise.resolve();
    await source.transaction(async (db) => {
      await step(db);
      importing = importNewPassword();
      await eventually(isWaiting);
    });
    await importing;
  }

  it('waits for the step that stores the right password, and ends it; later the password is wrong', async () => {
    const passwords = new MemberPasswords(source);
    const stored = await passwords.find(environment, 'username', 'ada');
    const verified = (await passwords.check(environment, stored, 'the first password'))!;
    await meet(async (db) => {
      expect(await passwords.isCurrent(db, environment, verified)).toBe(true);
      await writeStep(db, environment, { stored: [interaction as never], removed: [] });
      await beginStep(db, environment, 'uid', { sub: 'sub' });
    });
    expect(await left()).toEqual([]);
    expect(await passwords.isCurrent(source, environment, verified)).toBe(false);
  });

  it('ends the session that the engine stores meanwhile', async () => {
    await writeStep(source, environment, { stored: [interaction as never], removed: [] });
    await meet((db) =>
      writeStep(db, environment, {
        stored: [session as never],
        removed: [{ model: 'Interaction', id: 'i' }],
      }),
    );
    expect(await left()).toEqual([]);
  });
});
