import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { migrate } from '@payer/service';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { databaseOptions } from './database-options.js';

describe('the migration to organizations', () => {
  let postgres: TestPostgres;
  let source: DataSource;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(async () => {
    await source?.destroy();
    await postgres?.stop();
  });

  /** Adds rows with the statements of the previous version. */
  async function addAsBefore(role: string): Promise<{ account: string; app: string }> {
    const [account, app] = [randomUUID(), randomUUID()];
    await source.query(
      `INSERT INTO account (id, role, name, organization, email, password_hash)
       VALUES ($1, $2, 'Old', 'Old apps', $3, 'x')`,
      [account, role, `${account}@client-app.example`],
    );
    await source.query(
      `INSERT INTO app (client_id, owner_id, version, client_name, redirect_uris, contacts, require_pkce, status)
       VALUES ($1, $2, 1, 'App', '{}', '{}', false, 'active')`,
      [app, account],
    );
    return { account, app };
  }

  it('gives an organization to rows of before, and to rows that the previous version adds afterwards', async () => {
    const options = databaseOptions(await postgres.database('upgraded'));
    const migrations = options.migrations as { name: string }[];
    const before_ = migrations.filter(({ name }) => !/^AddOrganization(s|Names)\d/.test(name));
    await migrate({ ...options, migrations: before_ as never });
    source = await new DataSource({ type: 'postgres', url: options.url }).initialize();
    const [before, team] = [await addAsBefore('developer'), await addAsBefore('platform')];
    await migrate(options);
    const after = await addAsBefore('developer');
    for (const { account, app } of [before, after]) {
      const rows = await source.query(
        `SELECT app.organization_id, organization.name, member.role
         FROM app JOIN organization ON organization.id = organization_id
         JOIN organization_member AS member ON member.organization_id = organization.id
         WHERE client_id = $1 AND account_id = $2`,
        [app, account],
      );
      expect(rows).toEqual([{ organization_id: account, name: 'Old apps', role: 'admin' }]);
    }
    const [unowned] = await source.query('SELECT organization_id FROM app WHERE client_id = $1', [team.app]);
    expect(unowned).toEqual({ organization_id: null });
  });
});
