import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInTeam, submittedRequest } from '../production-requests/testing/complete-request.js';
import { mayDo, teamRoleRules, teamRoles, type TeamRole } from '../team-roles/team-roles.js';
import { newDeveloper, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';

const password = 'a-long-team-password';

describe('the platform team', () => {
  let portal: TestPortal;
  let url: string;
  let administrator: Visitor;
  beforeAll(async () => {
    portal = await startPortal();
    ({ url } = portal.service);
    administrator = await signInTeam(new Visitor(url));
  });
  afterAll(() => portal?.stop());

  const linkOf = async (email: string) => {
    const [mail] = (await administrator.get(`/api/mailbox?to=${encodeURIComponent(email)}`)).json;
    return new URL(mail.links[0]);
  };
  const fieldsOf = (roles: readonly TeamRole[]) =>
    Object.fromEntries(roles.map((role) => [`role-${role}`, 'true']));
  const add = async (email: string, roles: readonly TeamRole[]) => {
    const answer = await administrator.post('/platform/team', { name: email, email, ...fieldsOf(roles) });
    expect(answer.headers.get('location')).toBe('/platform/team?done=added');
    const token = (await linkOf(email)).searchParams.get('token') ?? '';
    const chosen = await new Visitor(url).post('/reset-password', { token, new_password: password });
    expect(chosen.status).toBe(303);
    return signInTeam(new Visitor(url), email, password);
  };
  const idOf = async (email: string) => {
    const members = (await team(administrator)) as { id: string; email: string }[];
    return members.find((member) => member.email === email)!.id;
  };
  const token = async (email: string, word: string) =>
    (await new Visitor(url).json('POST', '/api/sessions', { email, password: word })).json.token as string;
  const team = async (visitor: Visitor) =>
    (
      await visitor.json(
        'GET',
        '/api/team',
        undefined,
        await token('platform@example.org', 'platform-password'),
      )
    ).json;

  it.each(teamRoles)('a %s reaches the pages and calls of the role, and no others', async (role) => {
    const email = `${role}@plan.example`;
    const visitor = await add(email, [role]);
    const bearer = await token(email, password);
    const { request } = await submittedRequest(url, administrator);
    const duties = [
      ['manage-team', 'GET', '/platform/team', '/api/team'],
      ['report', 'GET', '/platform/reports', '/api/reports/patient-access'],
      ['audit', 'GET', '/platform/audit', '/api/audit'],
    ] as const;
    for (const [duty, method, page, call] of duties) {
      const status = mayDo([role], duty) ? 200 : 403;
      expect({ page, status: (await visitor.get(page)).status }).toEqual({ page, status });
      expect({ call, status: (await visitor.json(method, call, undefined, bearer)).status }).toEqual({
        call,
        status,
      });
    }
    expect((await visitor.get(`/platform/requests/${request}`)).status).toBe(200);
    const message = await visitor.post(`/platform/requests/${request}/messages`, { text: 'Hello.' });
    expect(message.status).toBe(mayDo([role], 'converse') ? 303 : 403);
    const decision = { decision: 'approve' };
    const approval = await visitor.post(`/platform/requests/${request}`, decision);
    expect(approval.status).toBe(mayDo([role], 'review') ? 303 : 403);
    const page = textOf(await visitor.get('/'));
    for (const [duty, label] of [
      ['manage-team', 'Team'],
      ['audit', 'Audit trail'],
    ] as const)
      expect(page.includes(` ${label} `)).toBe(mayDo([role], duty));
  });

  it('has an end: the sessions and the password of an ended account work no more', async () => {
    const visitor = await add('leaver@plan.example', ['support']);
    const bearer = await token('leaver@plan.example', password);
    const id = await idOf('leaver@plan.example');
    expect((await administrator.post(`/platform/team/${id}`, { ended: 'true' })).status).toBe(303);
    expect((await visitor.get('/platform/search')).headers.get('location')).toBe('/sign-in');
    expect((await visitor.json('GET', '/api/production-requests', undefined, bearer)).status).toBe(401);
    expect((await visitor.post('/sign-in', { email: 'leaver@plan.example', password })).status).toBe(401);
    await visitor.post('/forgot-password', { email: 'leaver@plan.example' });
    await administrator.post(`/platform/team/${id}`, { ended: 'false' });
    await signInTeam(visitor, 'leaver@plan.example', password);
  });

  it('keeps an administrator, also when two remove each other at once', async () => {
    const shared = await idOf('platform@example.org');
    const other = await add('second@plan.example', ['administrator']);
    const first = await idOf('second@plan.example');
    const others = ((await team(administrator)) as { id: string; roles: string[] }[]).filter(
      ({ id, roles }) => roles.includes('administrator') && ![shared, first].includes(id),
    );
    for (const { id } of others) await administrator.post(`/platform/team/${id}`, { 'role-support': 'true' });
    const both = await Promise.all([
      administrator.post(`/platform/team/${first}`, { 'role-support': 'true' }),
      other.post(`/platform/team/${shared}`, { 'role-reviewer': 'true' }),
    ]);
    // The later one is refused as the last administrator, or has ceased to be one.
    const [first303, refused] = both.map(({ status }) => status).sort();
    expect([303, [400, 403].includes(refused ?? 0)]).toEqual([first303, true]);
    const left = ((await portalMembers()) as { roles: string[] }[]).filter(({ roles }) =>
      roles.includes('administrator'),
    );
    expect(left).toHaveLength(1);
    // The tests below need the shared account with every role.
    const keeper = both[0]?.status === 303 ? administrator : other;
    await keeper.post(`/platform/team/${shared}`, fieldsOf(teamRoles));
  });
  const portalMembers = async () => {
    for (const [email, word] of [
      ['platform@example.org', 'platform-password'],
      ['second@plan.example', password],
    ] as const) {
      const answer = await administrator.json('GET', '/api/team', undefined, await token(email, word));
      if (answer.status === 200) return answer.json;
    }
    throw new Error('nobody may manage the team');
  };

  it('refuses the address of a developer, unknown roles and no role', async () => {
    await newDeveloper(url);
    const bearer = await token('platform@example.org', 'platform-password');
    const person = { name: 'Bea', email: 'bea@plan.example', roles: ['reviewer'] };
    const added = (body: object) => administrator.json('POST', '/api/team', body, bearer);
    expect((await added({ ...person, roles: [] })).status).toBe(400);
    expect((await added({ ...person, roles: ['owner'] })).status).toBe(400);
    expect((await added({ ...person, email: 'platform@EXAMPLE.org' })).status).toBe(409);
    expect((await added(person)).status).toBe(201);
    expect((await added(person)).status).toBe(409);
  });

  it('is closed to developers', async () => {
    const developer = await newDeveloper(url);
    for (const path of ['team', 'search', 'reports', 'apps', 'reports/usage.csv'])
      expect((await developer.get(`/platform/${path}`)).status).toBe(403);
  });
});

it('every duty belongs to a role, and a role that the table does not know has none', () => {
  expect(mayDo(['owner', 'toString', '__proto__'], 'review')).toBe(false);
  expect(teamRoles.every((role) => teamRoleRules[role].duties.length > 0)).toBe(true);
});
