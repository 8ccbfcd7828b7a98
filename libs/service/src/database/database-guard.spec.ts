import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NestFactory } from '@nestjs/core';
import {
  AddRecovery1764260000000,
  CreateFactFeed1764200000000,
  CreateOutbox1764000000000,
  type FactsOwner,
  type RecoveryOptions,
} from '@payer/events';
import { eventually, startOwnPostgres, type OwnPostgres } from '@payer/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { recoverAtStart, verifyDatabase } from './database-guard.js';
import { databaseModule, migrate } from './database.js';
import { databaseIsUnavailable } from './unavailable.js';

const logger = { log() {}, warn() {}, error() {} };

describe('a service whose database is restored while it runs', () => {
  let postgres: OwnPostgres;
  let directory: string;
  let admin: Client;

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    directory = mkdtempSync(join(tmpdir(), 'payer-guard-'));
    admin = new Client({ connectionString: await postgres.database('postgres') });
    await admin.connect();
  });
  afterAll(async () => {
    await admin.end();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('gets no connection before the database has recovered, and forgets first what it knew', async () => {
    const url = await postgres.database('guarded');
    const migrations = [CreateOutbox1764000000000, CreateFactFeed1764200000000, AddRecovery1764260000000];
    await migrate({ url, migrations });
    let forgotten = 0;
    const options: RecoveryOptions = {
      databaseUrl: url,
      owner: { service: 'consent' } as FactsOwner,
      journal: join(directory, 'journal'),
      logger,
      onRestored: () => (forgotten += 1),
    };
    await recoverAtStart(options);
    const module = await NestFactory.createApplicationContext(
      databaseModule({ url, migrations, verify: verifyDatabase(options) }),
      { logger: false },
    );
    const source = module.get(DataSource);
    const read = () => source.query('SELECT id FROM database_identity') as Promise<{ id: string }[]>;
    const [before] = await read();

    await admin.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'guarded' AND pid <> pg_backend_pid()",
    );
    await eventually(() => admin.query('CREATE DATABASE backup TEMPLATE guarded'));
    await admin.query('DROP DATABASE guarded WITH (FORCE)');
    await admin.query('CREATE DATABASE guarded TEMPLATE backup');

    const refusals: Error[] = [];
    const [after] = await eventually(() =>
      read().catch((error: Error) => {
        refusals.push(error);
        throw error;
      }),
    );
    expect(after!.id).not.toBe(before!.id);
    expect(forgotten).toBe(1);
    expect(refusals.join()).toMatch(/restored/);
    // So requests are answered with 503, not with 500.
    expect(refusals.filter((error) => !databaseIsUnavailable(error))).toEqual([]);
    await module.close();
  });

  it('does not start when its journal is lost', async () => {
    const url = await postgres.database('journal-lost');
    await migrate({
      url,
      migrations: [CreateOutbox1764000000000, CreateFactFeed1764200000000, AddRecovery1764260000000],
    });
    const journal = join(directory, 'lost');
    const options = { databaseUrl: url, owner: { service: 'consent' } as FactsOwner, journal, logger };
    await recoverAtStart(options);
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(`UPDATE database_identity SET journal_positions = jsonb_build_object(id::text, 7)`);
    await client.end();
    await expect(recoverAtStart(options)).rejects.toThrow(/--new-journal.*--without-journal/);
  });
});
