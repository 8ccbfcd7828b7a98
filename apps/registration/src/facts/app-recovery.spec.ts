import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import type { JournaledEvent } from '@payer/events';
import type { AppState } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { databaseOptions } from '../database/database-options.js';
import { appRecovery } from './app-recovery.js';
import { migrated } from '../testing/migrated.js';

const state = (client_id: string, version: number, more: Partial<AppState> = {}): AppState => ({
  client_id,
  version,
  client_name: 'Health',
  organization: 'Apps Inc',
  redirect_uris: ['https://client-app.com/redirect'],
  plan: 'patient-access',
  status: 'active',
  environments: ['sandbox'],
  require_pkce: false,
  secrets: [{ sha256: `secret-${version}`, expires_at: null }],
  tokens_valid_from: null,
  ...more,
});
const event = (data: AppState): JournaledEvent => ({
  id: randomUUID(),
  type: 'app-updated',
  subject: data.client_id,
  time: new Date().toISOString(),
  data,
});

describe('apps of a restored database', () => {
  let postgres: TestPostgres;
  let source: DataSource;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const options = databaseOptions(await postgres.database('registration', migrated));
    source = await new DataSource({ type: 'postgres', url: options.url }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });

  beforeEach(async () => {
    await source.query('TRUNCATE account CASCADE');
    const [platform, developer] = [randomUUID(), randomUUID()];
    await source.query(
      `INSERT INTO account (id, role, name, organization, email, password_hash)
       VALUES ($1, 'platform', 'Team', 'Plan', 'p@example.org', ''),
              ($2, 'developer', 'Dev', 'Apps Inc', 'd@example.org', '')`,
      [platform, developer],
    );
    await source.query(
      `INSERT INTO app (client_id, owner_id, version, client_name, redirect_uris, contacts, require_pkce, plan,
                        status)
       VALUES ('known', $1, 3, 'Health', '{https://old.example/redirect}', '{}', false, 'patient-access',
               'active')`,
      [developer],
    );
    await source.query("INSERT INTO app_secret (client_id, sha256) VALUES ('known', 'secret-3')");
  });

  const published = async (clientId: string) => {
    const [row] = (await source.query(`SELECT * FROM (${appRecovery.source.select}) fact WHERE key = $1`, [
      clientId,
    ])) as never[];
    return row && appRecovery.source.toFact(row);
  };

  it('take the newest journaled state, above every version that anybody has read', async () => {
    const suspended: Partial<AppState> = {
      status: 'suspended',
      environments: [],
      tokens_valid_from: '2026-11-28T10:00:00.000Z',
    };
    const events = [event(state('known', 5, suspended)), event(state('known', 4)), event(state('known', 3))];
    expect(await appRecovery.missing(source, events)).toEqual([
      expect.stringContaining('known was suspended'),
    ]);
    for (let time = 0; time < 2; time++) await appRecovery.apply(source, events);
    expect(await published('known')).toMatchObject({
      version: 6,
      status: 'suspended',
      environments: [],
      redirect_uris: ['https://client-app.com/redirect'],
      secrets: [{ sha256: 'secret-5', expires_at: null }],
      tokens_valid_from: '2026-11-28T10:00:00.000Z',
    });
    expect(await appRecovery.missing(source, events)).toEqual([]);
  });

  it('rise above every version that somebody has read, also from an event that the journal lacks', async () => {
    await appRecovery.apply(source, [event(state('known', 5))]);
    await appRecovery.raiseVersions!(source);
    expect(await published('known')).toMatchObject({ version: 1006, status: 'active' });
  });

  it('keep how they authenticate and sign out, known or unknown', async () => {
    const authentication: Partial<AppState> = {
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ kid: 'a' }] },
      jwks_uri: null,
      post_logout_redirect_uris: ['https://client-app.com/bye'],
    };
    await appRecovery.apply(source, [
      event(state('known', 5, authentication)),
      event(state('unknown', 2, { ...authentication, jwks: null, jwks_uri: 'https://a.example/jwks' })),
    ]);
    expect(await published('known')).toMatchObject(authentication);
    expect(await published('unknown')).toMatchObject({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: null,
      jwks_uri: 'https://a.example/jwks',
      post_logout_redirect_uris: ['https://client-app.com/bye'],
    });
  });

  it('keep the uploaded logo of the backup; its address never becomes the logo_uri of a developer', async () => {
    const uploaded = (letter: string) => `https://portal.example/logos/known/${letter.repeat(64)}.png`;
    const logo_uri = 'https://client-app.com/logo.png';
    await source.query("UPDATE app SET logo_uri = $1, uploaded_logo_uri = $2 WHERE client_id = 'known'", [
      logo_uri,
      uploaded('a'),
    ]);
    await appRecovery.apply(source, [
      event(state('known', 5, { logo_uri: uploaded('b') })),
      event(state('unknown', 2, { logo_uri: uploaded('b') })),
    ]);
    const logos = await source.query(
      'SELECT client_id, logo_uri, uploaded_logo_uri FROM app ORDER BY client_id',
    );
    expect(logos).toEqual([
      { client_id: 'known', logo_uri, uploaded_logo_uri: uploaded('a') },
      { client_id: 'unknown', logo_uri: null, uploaded_logo_uri: null },
    ]);
    const newer = 'https://client-app.com/newer.png';
    await appRecovery.apply(source, [event(state('known', 9, { logo_uri: newer }))]);
    const [known] = await source.query("SELECT logo_uri FROM app WHERE client_id = 'known'");
    expect(known).toEqual({ logo_uri: newer });
  });

  it('keep a state that is newer than the journal', async () => {
    await appRecovery.apply(source, [event(state('known', 2, { status: 'suspended' }))]);
    expect(await published('known')).toMatchObject({ version: 3, status: 'active' });
  });

  it('whose owner was lost are suspended under the platform team; a deleted one stays deleted', async () => {
    const events = [event(state('unknown', 7)), event(state('gone', 2, { status: 'deleted', secrets: [] }))];
    for (let time = 0; time < 2; time++) await appRecovery.apply(source, events);
    expect(await published('unknown')).toMatchObject({ version: 8, status: 'suspended', environments: [] });
    expect(await published('gone')).toMatchObject({ version: 3, status: 'deleted', secrets: [] });
  });

  it('end without a journal, but for those that are confirmed', async () => {
    await source.query(`INSERT INTO app SELECT 'confirmed', owner_id, 1, client_name, redirect_uris, client_uri,
      logo_uri,
      policy_uri, tos_uri, contacts, require_pkce, plan, status FROM app WHERE client_id = 'known'`);
    await source.query("INSERT INTO app_secret (client_id, sha256) VALUES ('confirmed', 'kept')");
    const [spared] = await appRecovery.endAll(source, new Set(['confirmed', 'misspelled']));
    expect(spared).toBe('1 of 2 confirmed ids are active apps, which stay');
    expect(await published('known')).toMatchObject({ version: 1003, status: 'suspended', secrets: [] });
    expect(await published('confirmed')).toMatchObject({
      version: 1001,
      status: 'active',
      secrets: [{ sha256: 'kept' }],
      tokens_valid_from: expect.any(String),
    });
  });
});
