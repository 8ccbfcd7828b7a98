import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SoftwareAuthenticator } from '@payer/testing/authenticator';
import { DataSource, type QueryRunner } from 'typeorm';
import { waitsForLock } from '../testing/lock-wait.js';
import { newDeveloper, portalOrigin, startPortal, Visitor, type TestPortal } from '../testing/portal.js';

const password = 'a-long-password';
const next = 'battery horse correct';
let count = 0;

describe('a sign-in that meets a change of its account', () => {
  let portal: TestPortal;
  let source: DataSource;
  let change: QueryRunner;
  let email: string;
  let person: Visitor;

  beforeAll(async () => {
    portal = await startPortal();
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    change = source.createQueryRunner();
  });
  afterAll(async () => {
    await change?.release();
    await source?.destroy();
    await portal?.stop();
  });
  beforeEach(async () => {
    email = `race-${++count}@client-app.example`;
    person = await newDeveloper(portal.service.url, email);
  });

  /** Runs a request while a change of the account is uncommitted, and commits when the request waits. */
  async function during<T>(set: string, ask: () => Promise<T>): Promise<T> {
    await change.startTransaction();
    const [{ id }] = await source.query('SELECT id FROM account WHERE email = $1', [email]);
    await change.query(`UPDATE account SET ${set} WHERE id = $1`, [id]);
    const answer = ask();
    await waitsForLock(source, answer);
    await change.commitTransaction();
    return answer;
  }
  const reset = "password_hash = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA'";
  const sessions = async () =>
    (
      await source.query(
        'SELECT 1 FROM session WHERE subject = (SELECT id::text FROM account WHERE email = $1)',
        [email],
      )
    ).length;
  const guest = () => new Visitor(portal.service.url);

  it('by the old password starts no session, in the API and on the page', async () => {
    const before = await sessions();
    const api = await during(reset, () => guest().json('POST', '/api/sessions', { email, password }));
    expect(api).toMatchObject({ status: 401, json: { code: 'wrong_credentials' } });
    email = `race-${++count}@client-app.example`;
    await newDeveloper(portal.service.url, email);
    const page = await during(reset, () => guest().post('/sign-in', { email, password }));
    expect(page.status).toBe(401);
    expect(await sessions()).toBe(before);
    const actions = await source.query(
      "SELECT action FROM audit_entry WHERE actor = $1 AND action IN ('signed-in', 'sign-in-refused')",
      [email],
    );
    expect(actions).toEqual([{ action: 'sign-in-refused' }]);
  });

  it('does not replace the new password by a change that proved the old one', async () => {
    const body = { current_password: password, new_password: next };
    const changed = await during(reset, () =>
      guest().json('PUT', '/api/developers/me/password', body, person.token),
    );
    expect(changed).toMatchObject({ status: 401, json: { code: 'wrong_credentials' } });
    expect((await guest().json('POST', '/api/sessions', { email, password: next })).status).toBe(401);
  });

  it('by a passkey or a password starts no session of an account that ends', async () => {
    const own = '/api/developers/me/passkeys';
    const authenticator = new SoftwareAuthenticator(portalOrigin);
    const { json: options } = await person.json(
      'POST',
      `${own}/options`,
      { current_password: password },
      person.token,
    );
    const added = { name: 'Laptop', response: authenticator.create(options) };
    expect((await person.json('POST', own, added, person.token)).status).toBe(201);
    const { json: asked } = await guest().json('POST', '/api/sessions/passkey/options');
    const response = authenticator.get(asked);
    const before = await sessions();
    const refused = await during('ended_at = now()', () =>
      guest().json('POST', '/api/sessions/passkey', { response }),
    );
    expect(refused).toMatchObject({ status: 401, json: { code: 'passkey_not_accepted' } });
    await source.query('UPDATE account SET ended_at = NULL WHERE email = $1', [email]);
    const second = await during('ended_at = now()', () =>
      guest().json('POST', '/api/sessions', { email, password }),
    );
    expect(second.status).toBe(401);
    expect(await sessions()).toBe(before);
  });
});
