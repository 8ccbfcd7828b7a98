import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { applyAppState, forgetAppsExcept } from '@payer/service';
import { eventually, startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { appOf } from '../testing/apps.js';
import { AppMemory } from './app-memory.js';
import { migrated } from '../testing/migrated.js';

describe('the apps in the memory of a replica', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  let memory: AppMemory;
  let reads = 0;
  const facts = { stateOfApps: 0 };
  const app = appOf('provider-directory');

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const url = await postgres.database('auth_server', migrated);
    source = await new DataSource({ type: 'postgres', url }).initialize();
    const counted = {
      query: (text: string, values: unknown[]) => {
        reads += 1;
        return source.query(text, values);
      },
    };
    memory = new AppMemory(counted as never, url, facts);
    memory.onModuleInit();
    await applyAppState(source, app);
    await eventually(async () => (await readsOf()) === 0);
  });
  afterAll(async () => {
    await memory?.onModuleDestroy();
    await source?.destroy();
    await postgres?.stop();
  });
  beforeEach(async () => {
    await eventually(async () => (await readsOf()) === 0);
  });

  /** Statements that one look-up of the app takes. */
  async function readsOf(): Promise<number> {
    const before = reads;
    await memory.find(app.client_id);
    return reads - before;
  }
  const nameOf = async () => (await memory.find(app.client_id))?.state.client_name;

  it('are read once', async () => {
    expect([await readsOf(), await readsOf()]).toEqual([0, 0]);
  });

  it('follow a change that another replica has applied', async () => {
    await applyAppState(source, { ...app, version: app.version + 1, client_name: 'Renamed' });
    await eventually(async () => (await nameOf()) === 'Renamed');
  });

  it('are forgotten when registration no longer knows the app', async () => {
    await forgetAppsExcept(source, new Set());
    await eventually(async () => (await nameOf()) === undefined);
    await applyAppState(source, app);
  });

  it.each([
    ['an event of this replica', () => memory.forget(app.client_id)],
    ['a reading of the feed of registration, or a restore', () => void (facts.stateOfApps += 1)],
  ])('are read again after %s', async (_, change) => {
    change();
    expect([await readsOf(), await readsOf()]).toEqual([1, 0]);
  });

  it('are not kept when the app changes while it is read', async () => {
    memory.forget(app.client_id);
    const reading = memory.find(app.client_id);
    memory.forget(app.client_id);
    await reading;
    expect(await readsOf()).toBe(1);
  });

  it('are read each time while the session that listens is broken, and kept again afterwards', async () => {
    await source.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'app-memory'`,
    );
    await eventually(async () => (await readsOf()) === 1);
    await eventually(async () => (await readsOf()) === 0);
  });
});
