import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppState } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { Sealer } from '../security/sealed.js';
import { Sessions } from '../security/sessions.js';
import { signingKeys } from '../security/signing-keys.js';
import { useMessageOnce } from '../security/used-messages.js';
import { applyAppState } from '../app-model/apply-app-state.js';
import { findApp } from '../app-model/find-app.js';
import { databaseTakesWrites, migrate } from './database.js';
import {
  CreateAppModel1764000000004,
  CreateSessions1764000000003,
  CreateSigningKeys1764000000001,
  CreateUsedMessages1764000000002,
} from './migrations.js';

describe('tables that every service may have', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  const migrations = [
    CreateSigningKeys1764000000001,
    CreateUsedMessages1764000000002,
    CreateSessions1764000000003,
    CreateAppModel1764000000004,
  ];
  let url: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    url = await postgres.database('service');
    const done = await Promise.all([1, 2, 3].map(() => migrate({ url, migrations })));
    expect(done.flat()).toHaveLength(migrations.length);
    source = await new DataSource({ type: 'postgres', url }).initialize();
  });

  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });

  it('replicas that start together use one signing key; its private part is stored sealed', async () => {
    const sealer = new Sealer('the key of this test');
    const [one, two] = await Promise.all([1, 2].map(() => signingKeys(source, sealer, 'sandbox')));
    expect(one?.map((key) => key.kid)).toEqual(two?.map((key) => key.kid));
    expect(one).toHaveLength(1);
    expect(Object.keys(one?.[0]?.publicJwk ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect((await signingKeys(source, sealer, 'production'))[0]?.kid).not.toBe(one?.[0]?.kid);
    expect(JSON.stringify(await source.query('SELECT * FROM signing_key'))).not.toContain(
      String(one?.[0]?.privateJwk.d),
    );
    await expect(signingKeys(source, new Sealer('another'), 'sandbox')).rejects.toThrow(/KEY_ENCRYPTION_KEY/);
  });

  it("an app's state is taken when it is newer, not twice and not late, whichever kind of event carries it", async () => {
    const apply = (version: number, status: AppState['status'] = 'active') =>
      applyAppState(source, {
        client_id: 'app1',
        version,
        client_name: 'Health',
        organization: 'Apps Inc',
        redirect_uris: [],
        plan: null,
        status,
        environments: [],
        require_pkce: false,
        secrets: [],
        tokens_valid_from: null,
      });
    expect(await apply(2)).toBe(true);
    expect(await apply(4, 'suspended')).toBe(true);
    for (const late of [4, 3, 2, 1]) expect(await apply(late)).toBe(false);
    expect(await findApp(source, 'app1')).toMatchObject({ version: 4, status: 'suspended' });
  });

  it('an unavailable database and a standby take no writes', async () => {
    expect(await databaseTakesWrites(url)).toBe(true);
    expect(await databaseTakesWrites(url.replace(/:\d+\//, ':1/'))).toBe(false);
    expect(await databaseTakesWrites(`${url}-that-is-not-there`)).toBe(false);
    const name = new URL(url).pathname.slice(1);
    await source.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`);
    expect(await databaseTakesWrites(url)).toBe(false);
    await source.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = off`);
  });

  it('a signed message is used once, however many come at the same time', async () => {
    const expiry = Math.floor(Date.now() / 1000) + 60;
    const used = await Promise.all([1, 2, 3, 4].map(() => useMessageOnce(source, 'jti-1', expiry)));
    expect(used.filter(Boolean)).toHaveLength(1);
    expect(await useMessageOnce(source, 'jti-2', expiry)).toBe(true);
  });

  it('a session is found by its token until it ends; the database holds no token', async () => {
    const sessions = new Sessions<{ name: string }>(source, 60);
    const token = await sessions.create('dev-1', { name: 'Ada' });
    expect(await sessions.find(token)).toEqual({ subject: 'dev-1', data: { name: 'Ada' } });
    expect(JSON.stringify(await source.query('SELECT * FROM session'))).not.toContain(token);
    const expired = await new Sessions(source, -1).create('dev-2', {});
    for (const other of [undefined, '', `${token}x`, expired])
      expect(await sessions.find(other)).toBeUndefined();
    await sessions.end(token);
    expect(await sessions.find(token)).toBeUndefined();
  });
});
