import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import {
  organizationRoles,
  roleAllows,
  type OrganizationRole,
} from '../organization-rights/organization-rights.js';
import { portalOrigin, startPortal, textOf, Visitor, type TestPortal } from '../testing/portal.js';
import { routeRights } from './testing/route-rights.js';
import { declaredRoutes } from './testing/routes.js';

const password = 'correct horse battery';

/** A signed-in developer: pages by cookie, calls by token. */
interface Person {
  email: string;
  id: string;
  token: string;
  visitor: Visitor;
}

describe('organizations', () => {
  let portal: TestPortal;
  let source: DataSource;
  let open: Visitor;
  beforeAll(async () => {
    portal = await startPortal({ SIGN_UP_LIMIT_PER_ADDRESS: '500/60', RESET_LIMIT_PER_ADDRESS: '500/60' });
    open = new Visitor(portal.service.url);
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
  });

  const call = (person: Person, method: string, path: string, body?: unknown) =>
    open.json(method, path, body, person.token);
  async function person(name: string): Promise<Person> {
    const email = `${name}-${randomUUID().slice(0, 8)}@client-app.example`;
    const visitor = new Visitor(portal.service.url);
    await visitor.post('/sign-up', { name, organization: `${name}'s apps`, email, password });
    const { token } = visitor;
    const { id } = (await open.json('GET', '/api/developers/me', undefined, token)).json;
    return { email, id, token, visitor };
  }
  /** The first organization of a person has the person's id. */
  const of = (founder: Person) => `/api/organizations/${founder.id}`;
  const linkOf = async (email: string) => {
    const mails = (await open.get(`/api/mailbox?to=${encodeURIComponent(email)}`)).json;
    const mail = mails.find(({ subject }: { subject: string }) => subject.includes('invites you'));
    return new URL(mail.links[0]);
  };
  const tokenOf = async (email: string) => (await linkOf(email)).searchParams.get('token') ?? '';
  const invite = (founder: Person, email: string, role: string) =>
    call(founder, 'POST', `${of(founder)}/invitations`, { email, role });
  async function join(founder: Person, role: OrganizationRole, name: string = role): Promise<Person> {
    const colleague = await person(name);
    expect((await invite(founder, colleague.email, role)).status).toBe(201);
    const token = await tokenOf(colleague.email);
    expect((await call(colleague, 'POST', '/api/invitations', { token })).json).toMatchObject({ role });
    return colleague;
  }
  async function newApp(owner: Person, fields: object = {}): Promise<string> {
    const body = { client_name: 'Shared', redirect_uris: ['https://client-app.example/cb'], ...fields };
    const answer = await call(owner, 'POST', '/api/apps', body);
    expect(answer.status).toBe(201);
    const { client_id } = answer.json;
    await call(owner, 'PUT', `/api/apps/${client_id}/subscription`, { plan: 'patient-access' });
    return client_id;
  }
  const membersOf = async (founder: Person) => (await call(founder, 'GET', `${of(founder)}/members`)).json;

  it('every account has one of its own, and an invited colleague reaches its apps', async () => {
    const founder = await person('founder');
    expect((await call(founder, 'GET', '/api/organizations')).json).toEqual([
      { id: founder.id, name: "founder's apps", role: 'admin' },
    ]);
    const app = await newApp(founder);
    const colleague = await person('colleague');
    expect((await call(colleague, 'GET', `/api/apps/${app}`)).status).toBe(404);
    expect((await invite(founder, colleague.email.toUpperCase(), 'developer')).status).toBe(201);
    const token = await tokenOf(colleague.email);
    expect((await call(colleague, 'POST', '/api/invitations', { token })).status).toBe(200);
    expect((await call(colleague, 'GET', `/api/apps/${app}`)).json).toMatchObject({
      organization: "founder's apps",
      organization_id: founder.id,
    });
    expect((await call(colleague, 'GET', '/api/apps')).json).toHaveLength(1);
    const own = await newApp(colleague);
    const shared = await newApp(colleague, { organization_id: founder.id });
    expect((await call(founder, 'GET', `/api/apps/${own}`)).status).toBe(404);
    expect((await call(founder, 'GET', `/api/apps/${shared}`)).json.organization).toBe("founder's apps");
    const history = (await call(founder, 'GET', `${of(founder)}/history`)).json;
    expect(history).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ actor: colleague.email, action: 'app-registered', client_id: shared }),
        expect.objectContaining({ actor: founder.email, action: 'organization-invited', role: 'developer' }),
        expect.objectContaining({ actor: colleague.email, action: 'organization-joined' }),
      ]),
    );
    expect(JSON.stringify(history)).not.toContain(token);
  });

  it('an invitation works once, for its address, until it expires or is withdrawn or replaced', async () => {
    const founder = await person('inviter');
    const [ada, eve] = [await person('ada'), await person('eve')];
    const accept = (who: Person, token: string) => call(who, 'POST', '/api/invitations', { token });
    await invite(founder, ada.email, 'viewer');
    const replaced = await tokenOf(ada.email);
    await invite(founder, ada.email, 'developer');
    const token = await tokenOf(ada.email);
    expect((await accept(ada, replaced)).json).toMatchObject({ code: 'link_expired' });
    expect((await accept(eve, token)).json).toMatchObject({ status: 403, code: 'invitation_for_another' });
    const statuses = await Promise.all([1, 2, 3].map(async () => (await accept(ada, token)).status));
    expect(statuses.sort()).toEqual([200, 400, 400]);
    expect((await invite(founder, ada.email, 'admin')).json).toMatchObject({ code: 'member_already' });
    expect(JSON.stringify(await source.query('SELECT * FROM organization_invitation'))).not.toContain(token);

    await invite(founder, eve.email, 'viewer');
    const late = await tokenOf(eve.email);
    await source.query(
      "UPDATE organization_invitation SET expires_at = now() - interval '1 s' WHERE email = $1",
      [eve.email],
    );
    expect((await accept(eve, late)).json).toMatchObject({ code: 'link_expired' });
    const { json } = await invite(founder, eve.email, 'viewer');
    const withdraw = () => call(founder, 'DELETE', `${of(founder)}/invitations/${json.id}`);
    expect((await withdraw()).status).toBe(204);
    expect((await withdraw()).json).toMatchObject({ code: 'invitation_not_found' });
    expect((await accept(eve, await tokenOf(eve.email))).json).toMatchObject({ code: 'link_expired' });
    for (const bad of ['', 'invented', '\0']) expect((await accept(eve, bad)).status).toBe(400);
  });

  it('an accepted invitation confirms the address; the answer never reveals whether it has an account', async () => {
    const founder = await person('quiet');
    const known = await person('known');
    const shape = async (email: string) => {
      const { status, json } = await invite(founder, email, 'viewer');
      return { status, members: Object.keys(json) };
    };
    expect(await shape(known.email)).toEqual(await shape('nobody-at-all@client-app.example'));
    await call(known, 'POST', '/api/invitations', { token: await tokenOf(known.email) });
    const [row] = await source.query('SELECT email_confirmed_at FROM account WHERE id = $1', [known.id]);
    expect(row.email_confirmed_at).not.toBeNull();
  });

  it('one organization sends a bounded number of invitations, and its mails have no foreign header', async () => {
    const founder = await person('flooder');
    const statuses: number[] = [];
    for (let n = 0; n < 31; n++)
      statuses.push((await invite(founder, `flood-${n}@client-app.example`, 'viewer')).status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(30);
    expect(statuses.at(-1)).toBe(409);
    const injected = await invite(founder, 'a@b.example\r\nBcc: c@d.example', 'viewer');
    expect(injected).toMatchObject({ status: 400, json: { errors: [{ field: 'email' }] } });
  });

  it('roles change at once; the last admin stays; a member leaves', async () => {
    const founder = await person('chief');
    const app = await newApp(founder);
    const colleague = await join(founder, 'viewer', 'riser');
    const rename = (who: Person) => call(who, 'PATCH', `/api/apps/${app}`, { client_name: randomUUID() });
    const setRole = (who: Person, whom: Person, role: string) =>
      call(who, 'PATCH', `${of(founder)}/members/${whom.id}`, { role });
    expect((await rename(colleague)).json).toMatchObject({ status: 403, code: 'role_missing' });
    expect((await setRole(colleague, colleague, 'admin')).status).toBe(403);
    expect((await setRole(founder, founder, 'viewer')).json).toMatchObject({ code: 'last_administrator' });
    const leave = (who: Person) => call(who, 'DELETE', `${of(founder)}/members/${who.id}`);
    expect((await leave(founder)).json).toMatchObject({ code: 'last_administrator' });
    expect((await setRole(founder, colleague, 'admin')).status).toBe(204);
    expect((await rename(colleague)).status).toBe(200);
    // Two admins who remove each other at the same time: one of them stays.
    const both = await Promise.all([
      call(founder, 'DELETE', `${of(founder)}/members/${colleague.id}`),
      call(colleague, 'DELETE', `${of(founder)}/members/${founder.id}`),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([204, expect.any(Number)]);
    const members = await source.query('SELECT role FROM organization_member WHERE organization_id = $1', [
      founder.id,
    ]);
    expect(members).toEqual([{ role: 'admin' }]);
    const third = await person('third');
    expect((await setRole(third, third, 'admin')).json).toMatchObject({ code: 'organization_not_found' });
  });

  it('a removed member reaches nothing at once, also with tokens of programs', async () => {
    const founder = await person('remover');
    const app = await newApp(founder);
    const gone = await join(founder, 'developer', 'gone');
    await source.query('DELETE FROM organization_member WHERE organization_id = $1 AND account_id = $1', [
      gone.id,
    ]);
    const { token } = (await call(gone, 'POST', '/api/initial-access-tokens', {})).json;
    const register = () =>
      open.send('POST', '/register', {
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ client_name: 'By program', redirect_uris: ['https://client-app.example/p'] }),
      });
    const { json: registered } = await register();
    const manage = async () =>
      (
        await open.send('GET', `/register/${registered.client_id}`, {
          headers: { authorization: `Bearer ${registered.registration_access_token}` },
        })
      ).status;
    expect(await manage()).toBe(200);
    expect((await call(gone, 'GET', `/api/apps/${app}`)).status).toBe(200);
    expect((await call(founder, 'DELETE', `${of(founder)}/members/${gone.id}`)).status).toBe(204);
    expect((await call(gone, 'GET', `/api/apps/${app}`)).status).toBe(404);
    expect((await gone.visitor.get(`/apps/${app}`)).status).toBe(404);
    expect((await register()).status).toBe(403);
    expect(await manage()).toBe(401);
    expect((await call(gone, 'POST', '/api/apps', { client_name: 'Mine' })).json).toMatchObject({
      code: 'organization_required',
    });
    const made = await call(gone, 'POST', '/api/organizations', { name: 'A new start' });
    expect(made.json).toMatchObject({ role: 'admin', name: 'A new start' });
    expect((await call(gone, 'POST', '/api/apps', { client_name: 'Mine' })).json).toMatchObject({
      organization: 'A new start',
    });
  });

  it('a body names no organization of others, no owner and no role', async () => {
    const victim = await person('owner');
    const stranger = await person('mass-assigner');
    const viewer = await join(victim, 'viewer', 'mass-viewer');
    const create = (who: Person, more: object) =>
      call(who, 'POST', '/api/apps', { client_name: 'Mass', ...more });
    expect((await create(stranger, { organization_id: victim.id })).json).toMatchObject({
      status: 404,
      code: 'organization_not_found',
    });
    expect((await create(viewer, { organization_id: victim.id })).json).toMatchObject({
      code: 'role_missing',
    });
    const made = await create(stranger, { owner_id: victim.id, status: 'suspended' });
    expect(made.json).toMatchObject({ organization_id: stranger.id, status: 'active' });
    const { client_id } = made.json;
    await call(stranger, 'PATCH', `/api/apps/${client_id}`, { organization_id: victim.id, client_name: 'X' });
    expect((await call(victim, 'GET', `/api/apps/${client_id}`)).status).toBe(404);
    const invited = { email: 'mass@client-app.example', role: 'owner' };
    expect((await call(victim, 'POST', `${of(victim)}/invitations`, invited)).status).toBe(400);
    const named = await call(stranger, 'POST', '/api/organizations', { name: portal.config.PLAN_NAME });
    expect(named.status).toBe(400);
  });

  it('every route of apps and organizations is in the table of rights', () => {
    const guarded = declaredRoutes().filter((route) =>
      /(apps|organizations)\/:(client_id|organization_id)/.test(route),
    );
    expect(guarded.sort()).toEqual(Object.keys(routeRights).sort());
  });

  it('every route admits the roles of its right, and no stranger', async () => {
    const founder = await person('table-admin');
    const people: Record<OrganizationRole, Person> = {
      admin: await join(founder, 'admin', 'table-second'),
      developer: await join(founder, 'developer', 'table-developer'),
      viewer: await join(founder, 'viewer', 'table-viewer'),
    };
    const stranger = await person('table-stranger');
    const app = await newApp(founder);
    const endsApp = /^DELETE .*:client_id$|delete$/;
    const nobody = randomUUID();
    const faults: string[] = [];
    for (const [route, { right, body }] of Object.entries(routeRights)) {
      const [method = '', pattern = ''] = route.split(' ');
      for (const role of [...organizationRoles, 'stranger'] as const) {
        const who = role === 'stranger' ? stranger : people[role];
        const path = `/${pattern}`
          .replace(':client_id', endsApp.test(route) ? await newApp(founder) : app)
          .replace(':organization_id', founder.id)
          .replace(/:\w+/g, nobody);
        const answer = pattern.startsWith('api/')
          ? await call(who, method, path, body)
          : method === 'GET'
            ? await who.visitor.get(`${path}${body ? `?${new URLSearchParams(body as never)}` : ''}`)
            : await who.visitor.post(path, flat(body));
        const { status } = answer;
        const isIn = role !== 'stranger';
        const isRight =
          right === 'open'
            ? status === 303
            : right === 'platform'
              ? status === 403
              : !isIn
                ? status === 404
                : roleAllows(role, right)
                  ? status !== 403 &&
                    !/app_not_found|organization_not_found/.test(answer.text) &&
                    status < 500
                  : status === 403;
        if (!isRight)
          faults.push(`${route} (${right}) as ${role}: ${status} ${textOf(answer).slice(0, 200)}`);
      }
    }
    expect(faults).toEqual([]);
  }, 120_000);

  it('the pages invite, join after a sign-up, change a role, and remove; viewers see no forms', async () => {
    const founder = await person('page-founder');
    const at = `/organizations/${founder.id}`;
    const app = await newApp(founder);
    const email = `page-${randomUUID().slice(0, 8)}@client-app.example`;
    const refused = await founder.visitor.post(`${at}/invitations`, { email: 'no address', role: 'viewer' });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('value="no address"');
    const sent = await founder.visitor.post(`${at}/invitations`, { email, role: 'viewer' });
    expect(sent.headers.get('location')).toBe(`${at}?done=invited`);
    const link = await linkOf(email);
    const next = `${link.pathname}${link.search}`;
    const guest = new Visitor(portal.service.url);
    const invitation = await guest.get(next);
    expect(invitation.headers.get('referrer-policy')).toBe('same-origin');
    expect(textOf(invitation)).toContain("page-founder's apps invites you");
    expect(invitation.text).toContain(`/sign-up?next=${encodeURIComponent(next)}`);
    expect(textOf(await founder.visitor.get(next))).toContain('This invitation is for another address');
    const person_ = { name: '<b>Guest</b>', organization: 'Own', email, password };
    const signedUp = await guest.post('/sign-up', { ...person_, next });
    expect(signedUp.headers.get('location')).toBe(next);
    const joined = await guest.post('/invitation', { token: link.searchParams.get('token') ?? '' });
    expect(joined.headers.get('location')).toBe(`${at}?done=joined`);
    expect((await guest.get(next)).status).toBe(400);
    const page = await guest.get(at);
    expect(page.text).toContain('&lt;b>Guest&lt;/b>');
    expect(textOf(page)).not.toContain('Invite a colleague');
    for (const tab of ['', '/credentials', '/redirect-uris', '/settings', '/webhooks', '/production']) {
      const seen = await guest.get(`/apps/${app}${tab}`);
      expect({ tab, status: seen.status }).toEqual({ tab, status: 200 });
      expect(seen.text.match(/<form[^>]*action="\/apps\//g)).toBeNull();
    }
    const id = (await membersOf(founder)).find(
      (member: { email: string }) => member.email === email,
    ).account_id;
    expect((await founder.visitor.post(`${at}/members/${id}`, { role: 'developer' })).status).toBe(303);
    expect((await guest.get(`/apps/${app}`)).text).toContain(`action="/apps/${app}/try-it"`);
    expect(textOf(await guest.get('/apps/new'))).toContain("page-founder's apps");
    expect(textOf(await founder.visitor.get(`${at}/members/${id}/remove`))).toContain('can no longer reach');
    expect((await founder.visitor.post(`${at}/members/${id}/remove`)).status).toBe(303);
    expect((await guest.get(at)).status).toBe(404);
  });

  it.each([
    'https://attacker.example/',
    '//attacker.example',
    '/invitation?token=x&y',
    '/account',
    '/\\evil',
  ])('a sign-in never leads to %s', async (next) => {
    const { email, visitor } = await person('redirected');
    const signedIn = await visitor.post('/sign-in', { email, password, next });
    expect(signedIn.headers.get('location')).toBe('/');
    const page = await open.get(`/sign-in?${new URLSearchParams({ next })}`);
    expect(page.text).not.toContain('name="next"');
  });

  it.each(['/organizations', '/organizations/x/invitations', '/organizations/x/members/y', '/invitation'])(
    'a page of another site cannot send %s',
    async (path) => {
      const { visitor } = await person('csrf');
      const answer = await visitor.send('POST', path, {
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://attacker.example' },
        body: 'name=x',
      });
      expect({ answer: answer.status, own: portalOrigin }).toEqual({ answer: 403, own: portalOrigin });
    },
  );
});

/** A body as the fields of a form. */
function flat(body: Record<string, unknown> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)]));
}
