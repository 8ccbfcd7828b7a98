import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import type { JournaledEvent } from '@payer/events';
import { keyDropped } from '@payer/service';
import { environments } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { databaseOptions } from '../database/database-options.js';
import { grantEnd, tokenEnd } from '../grants/token-revocation.js';
import { revocationRecovery, tokenUsed, type UsedToken } from './revocation-recovery.js';
import { migrated } from '../testing/migrated.js';

const event = (type: string, subject: string, data: unknown): JournaledEvent => ({
  id: randomUUID(),
  type,
  subject,
  time: new Date().toISOString(),
  data,
});
const soon = new Date(Date.now() + 3600_000);
const app = { environment: 'sandbox', clientId: 'app' } as const;
const ended = event(
  'token-revoked',
  'ended',
  grantEnd({ ...app, grantId: 'ended', endedAt: new Date(), reason: 'token-reuse' }),
);
const revoked = event(
  'token-revoked',
  'jti',
  tokenEnd({ ...app, jti: 'jti', grantId: 'live', expiresAt: soon }),
);
const used = event(tokenUsed, 'used', {
  environment: 'sandbox',
  model: 'RefreshToken',
  id_sha256: 'used',
  expires_at: soon.toISOString(),
} satisfies UsedToken);

describe('revocations of a restored database', () => {
  let postgres: TestPostgres;
  let source: DataSource;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const options = databaseOptions(await postgres.database('auth_server', migrated));
    source = await new DataSource({ type: 'postgres', url: options.url }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });
  beforeEach(async () => {
    await source.query(
      'TRUNCATE oidc_artifact, revoked_token, ended_grant, environment_revocation, signing_key',
    );
    for (const [model, id, grant] of [
      ['RefreshToken', 'used', 'live'],
      ['RefreshToken', 'unused', 'live'],
      ['RefreshToken', 'of-ended', 'ended'],
      ['Session', 'session', null],
    ])
      await source.query(
        `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, expires_at)
         VALUES ('sandbox', $1, $2, '{}', $3, now() + interval '1 hour')`,
        [model, id, grant],
      );
  });

  const artifacts = async () => {
    const rows = (await source.query(
      'SELECT id_sha256, consumed_at IS NOT NULL AS used FROM oidc_artifact ORDER BY 1',
    )) as { id_sha256: string; used: boolean }[];
    return rows.map(({ id_sha256, used: isUsed }) => `${id_sha256}${isUsed ? ' (used)' : ''}`);
  };
  const facts = async () => {
    const rows = (await source.query(
      `SELECT * FROM (${revocationRecovery.source.select}) fact ORDER BY key`,
    )) as never[];
    return rows.map((row) => revocationRecovery.source.toFact(row));
  };

  it('are there again, however often they are applied', async () => {
    const events = [ended, revoked, used];
    expect(await revocationRecovery.missing(source, events)).toHaveLength(3);
    for (let time = 0; time < 2; time++) await revocationRecovery.apply(source, events);
    expect(await artifacts()).toEqual(['session', 'unused', 'used (used)']);
    expect(await facts()).toEqual([
      expect.objectContaining({ id: 'ended', ends_grant: true, reason: 'token-reuse' }),
      expect.objectContaining({ id: 'jti', jti: 'jti', grant_id: 'live' }),
    ]);
    expect(await revocationRecovery.missing(source, events)).toEqual([]);
  });

  it('the end of a grant that only consent reported becomes a fact of this service if it was one', async () => {
    await source.query("INSERT INTO ended_grant (grant_id, environment) VALUES ('ended', 'sandbox')");
    await revocationRecovery.apply(source, [ended]);
    expect(await facts()).toEqual([expect.objectContaining({ id: 'ended' })]);
  });

  it('sessions may have been signed out, so they end', async () => {
    await revocationRecovery.forgetUnconfirmed(source);
    expect(await artifacts()).toEqual(['of-ended', 'unused', 'used']);
  });

  it('a code that was used stays until its grant ends, so that its second use is seen', async () => {
    await source.query(
      `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, expires_at)
       SELECT 'sandbox', 'AuthorizationCode', code, '{}', 'live', now() + interval '1 minute'
       FROM unnest(ARRAY['code used', 'code unused']) AS code`,
    );
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const data = { environment: 'sandbox', model: 'AuthorizationCode', id_sha256: 'code used', expires_at };
    await revocationRecovery.apply(source, [event(tokenUsed, 'code used', data)]);
    await revocationRecovery.forgetUnconfirmed(source);
    const codes = await source.query(
      "SELECT id_sha256, expires_at FROM oidc_artifact WHERE model = 'AuthorizationCode'",
    );
    expect(codes).toEqual([{ id_sha256: 'code used', expires_at: new Date(expires_at) }]);
  });

  it('without a journal, every token of both environments is refused, and the feed says so', async () => {
    await revocationRecovery.endAll(source, new Set());
    expect(await artifacts()).toEqual([]);
    const all = (await facts()) as { id: string; jti: null; grant_id: null; issued_before: string }[];
    expect(all.map(({ id, jti, grant_id }) => ({ id, jti, grant_id }))).toEqual(
      [...environments].sort().map((id) => ({ id, jti: null, grant_id: null })),
    );
    for (const { issued_before } of all)
      expect(Math.abs(Date.parse(issued_before) - Date.now())).toBeLessThan(60_000);
    // The journal keeps this, too, so an older backup does not undo it.
    const [fact] = all;
    await source.query('TRUNCATE environment_revocation');
    await revocationRecovery.apply(source, [event('token-revoked', fact!.id, fact)]);
    expect(await facts()).toEqual([fact]);
  });

  it('a signing key that was dropped since is dropped again', async () => {
    await source.query("INSERT INTO signing_key VALUES ('leaked', 'sandbox', '{}', '', now())");
    await revocationRecovery.apply(source, [event(keyDropped, 'leaked', { kid: 'leaked' })]);
    expect(await source.query('SELECT 1 FROM signing_key')).toEqual([]);
  });
});
