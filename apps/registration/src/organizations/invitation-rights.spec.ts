import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataSource } from 'typeorm';
import { waitsForLock } from '../testing/lock-wait.js';
import { newDeveloper, startPortal, type TestPortal, type Visitor } from '../testing/portal.js';

interface Person {
  id: string;
  email: string;
  visitor: Visitor;
  call(method: string, path: string, body?: unknown): ReturnType<Visitor['json']>;
}

describe('an invitation of a person who may invite no more', () => {
  let portal: TestPortal;
  let source: DataSource;
  let founder: Person;
  let rogue: Person;
  /** The second account of the rogue admin. */
  let second: Person;
  let organization: string;

  async function person(): Promise<Person> {
    const visitor = await newDeveloper(portal.service.url);
    const call = (method: string, path: string, body?: unknown) =>
      visitor.json(method, path, body, visitor.token);
    const { id, email } = (await call('GET', '/api/developers/me')).json;
    return { id, email, visitor, call };
  }
  const invite = (by: Person, whom: Person) =>
    by.call('POST', `${organization}/invitations`, { email: whom.email, role: 'admin' });
  async function tokenOf({ email, call }: Person): Promise<string> {
    const mails = (await call('GET', `/api/mailbox?to=${encodeURIComponent(email)}`)).json;
    const mail = mails.find(({ subject }: { subject: string }) => subject.includes('invites you'));
    return new URL(mail.links[0]).searchParams.get('token') ?? '';
  }
  const accept = (who: Person, token: string) => who.call('POST', '/api/invitations', { token });
  const removed = 'DELETE FROM organization_member WHERE organization_id = $1 AND account_id = $2';

  beforeAll(async () => {
    portal = await startPortal({ SIGN_UP_LIMIT_PER_ADDRESS: '500/60', RESET_LIMIT_PER_ADDRESS: '500/60' });
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });
  beforeEach(async () => {
    [founder, rogue, second] = [await person(), await person(), await person()];
    // The first organization of a person has the person's id.
    organization = `/api/organizations/${founder.id}`;
    await invite(founder, rogue);
    expect((await accept(rogue, await tokenOf(rogue))).status).toBe(200);
  });

  it.each([
    ['removed', () => founder.call('DELETE', `${organization}/members/${rogue.id}`), true],
    [
      'changed to a developer',
      () => founder.call('PATCH', `${organization}/members/${rogue.id}`, { role: 'developer' }),
      true,
    ],
    ['removed by the version before', () => source.query(removed, [founder.id, rogue.id]), false],
    ['ended', () => source.query('UPDATE account SET ended_at = now() WHERE id = $1', [rogue.id]), false],
  ])('is worth nothing: %s', async (_how, lose, isWithdrawn) => {
    expect((await invite(rogue, second)).status).toBe(201);
    const token = await tokenOf(second);
    await lose();
    expect(await accept(second, token)).toMatchObject({ status: 400, json: { code: 'link_expired' } });
    expect((await second.visitor.get(`/invitation?token=${token}`)).status).toBe(400);
    expect((await second.call('GET', organization)).status).toBe(404);
    if (!isWithdrawn) return;
    expect((await founder.call('GET', `${organization}/invitations`)).json).toEqual([]);
    const history = (await founder.call('GET', `${organization}/history`)).json;
    const withdrawn = { action: 'organization-invitation-withdrawn', person: second.email };
    expect(history).toEqual(expect.arrayContaining([expect.objectContaining(withdrawn)]));
  });

  it.each(['sent', 'accepted'])('is worth nothing when it is %s during the removal', async (step) => {
    let token = '';
    if (step === 'accepted') {
      await invite(rogue, second);
      token = await tokenOf(second);
    }
    const removal = source.createQueryRunner();
    await removal.startTransaction();
    await removal.query('SELECT 1 FROM organization WHERE id = $1 FOR UPDATE', [founder.id]);
    await removal.query(removed, [founder.id, rogue.id]);
    const asked = step === 'sent' ? invite(rogue, second) : accept(second, token);
    await waitsForLock(source, asked);
    await removal.commitTransaction();
    await removal.release();
    expect((await asked).status).toBe(step === 'sent' ? 404 : 400);
    expect((await second.call('GET', organization)).status).toBe(404);
  });

  it.each(['renames', 'withdraws'])(
    'stays, as the name does, when a person %s during the removal',
    async (act) => {
      const { id } = (await invite(founder, second)).json;
      const removal = source.createQueryRunner();
      await removal.startTransaction();
      await removal.query('SELECT 1 FROM organization WHERE id = $1 FOR UPDATE', [founder.id]);
      await removal.query(removed, [founder.id, rogue.id]);
      const asked =
        act === 'renames'
          ? rogue.call('PATCH', organization, { name: 'Taken Over' })
          : rogue.call('DELETE', `${organization}/invitations/${id}`);
      await waitsForLock(source, asked);
      await removal.commitTransaction();
      await removal.release();
      expect((await asked).status).toBe(404);
      expect((await founder.call('GET', organization)).json.name).not.toBe('Taken Over');
      expect((await founder.call('GET', `${organization}/invitations`)).json).toHaveLength(1);
    },
  );

  it('counts as before while its sender is an admin', async () => {
    await invite(rogue, second);
    expect((await accept(second, await tokenOf(second))).status).toBe(200);
  });
});
