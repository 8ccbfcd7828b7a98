import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flows, resourceTypesOfPlan } from '@payer/smart';
import { newPlans } from '@payer/testing/table-rows';
import { documents } from './documentation/documents/index.js';
import type { TestPortal, Visitor } from './testing/portal.js';
import { newApp, newDeveloper, startPortal, textOf } from './testing/portal.js';
import { TrialPlatform } from './try-it/testing/trial-platform.js';

/* A new plan is a row of the table. Pages, API, dynamic registration and documentation must follow it. */

const rows = Object.entries(newPlans) as [keyof typeof newPlans, (typeof newPlans)[keyof typeof newPlans]][];
const redirect_uris = ['https://client-app.example/redirect'];

describe('a new plan', () => {
  let portal: TestPortal;
  let visitor: Visitor;
  let session: string;
  beforeAll(async () => {
    portal = await startPortal();
    visitor = await newDeveloper(portal.service.url);
    const account = { email: 'api@client-app.example', password: 'a-long-password' };
    await visitor.json('POST', '/api/developers', { name: 'Api', organization: 'Apps Inc', ...account });
    session = (await visitor.json('POST', '/api/sessions', account)).json.token;
  });
  afterAll(() => portal?.stop());

  const register = (body: object) => visitor.json('POST', '/register', body, session);

  it.each(rows)(
    '%s is offered on the page and opens the sandbox to an app',
    async (plan, { title, flow }) => {
      expect(textOf(await visitor.get('/apps/new'))).toContain(title);
      const needsUri = flow === 'authorization-code';
      const clientId = await newApp(visitor, { plan, ...(needsUri ? {} : { redirect_uris: '' }) });
      const page = await visitor.get(`/apps/${clientId}`);
      expect(page.status).toBe(200);
      expect(textOf(page)).toContain(title);
      if (needsUri)
        expect((await visitor.post('/apps', { client_name: 'Health', plan, redirect_uris: '' })).status).toBe(
          400,
        );
    },
  );

  it.each(rows)(
    '%s is a subscription of the API, whose flow decides about the redirect URI',
    async (plan, row) => {
      const created = await visitor.json(
        'POST',
        '/api/apps',
        { client_name: 'A', redirect_uris: [] },
        session,
      );
      const path = `/api/apps/${created.json.client_id}`;
      const subscribe = () => visitor.json('PUT', `${path}/subscription`, { plan }, session);
      if (row.flow === 'authorization-code') {
        const refused = await subscribe();
        expect(refused.status).toBe(409);
        expect(refused.text).toContain(row.title);
        await visitor.json('PATCH', path, { redirect_uris }, session);
      }
      expect((await subscribe()).json).toEqual({ plan, environments: ['sandbox'] });
      const emptied = await visitor.json('PATCH', path, { redirect_uris: [] }, session);
      expect(emptied.status).toBe(row.flow === 'authorization-code' ? 400 : 200);
    },
  );

  it.each(rows)('%s is found by dynamic registration from its scope', async (_plan, { scopes, flow }) => {
    const answer = await register({ client_name: 'A', redirect_uris, scope: scopes.join(' ') });
    expect(answer.status).toBe(201);
    expect(answer.json.scope).toBe(scopes.join(' '));
    expect(answer.json.grant_types).toContain(
      flow === 'authorization-code' ? 'authorization_code' : 'client_credentials',
    );
  });

  it('leaves the plans of before as they are where a flow names no scope', async () => {
    expect((await register({ client_name: 'A', redirect_uris })).json.scope).toContain('patient/*.rs');
    const directory = { client_name: 'A', redirect_uris: [], grant_types: ['client_credentials'] };
    expect((await register(directory)).json.scope).toBe('system/*.rs');
    const mixed = { client_name: 'A', redirect_uris, scope: 'system/*.rs system/InsurancePlan.rs' };
    expect((await register(mixed)).json.error).toBe('invalid_client_metadata');
  });

  it.each(rows)('%s is in the documentation with its scopes, and on the landing page', async (_plan, row) => {
    expect(textOf(await visitor.get('/docs/getting-access'))).toContain(row.title);
    expect(textOf(await visitor.get('/docs/scopes'))).toContain(row.scopes.join(' '));
    const landing = await fetch(`${portal.service.url}/`);
    expect(await landing.text()).toContain(row.title);
  });

  it.each(rows)(
    '%s is in the texts that name the plans of a flow',
    async (_plan, { title, flow, scopes }) => {
      const unauthorized = textOf(await visitor.get('/docs/errors/unauthorized_client'));
      expect(unauthorized).toContain(`The ${title} uses ${flows[flow].grantTypes.join(' and ')}.`);
      if (flow === 'authorization-code') {
        expect(unauthorized).toContain(`is not subscribed to the Patient Access API or the ${title}.`);
        expect(textOf(await visitor.get('/apps/new'))).toMatch(
          new RegExp(`or the ${title} needs at least one`),
        );
      } else {
        const invalidScope = textOf(await visitor.get('/docs/errors/invalid_scope'));
        expect(invalidScope).toContain(`${title}: send scope=${scopes.join(' ')}.`);
      }
    },
  );

  it.each(['/apps/new', ...documents.map(({ slug }) => `/docs/${slug}`)])(
    '%s does not speak of two plans',
    async (path) => {
      const page = await visitor.get(path);
      expect(textOf(page)).not.toMatch(/\b(both|two|the other) (plans?|apps)\b/i);
    },
  );
});

describe('a trial of a new plan', () => {
  const platform = new TrialPlatform();
  beforeAll(() => platform.start());
  afterAll(() => platform.stop());

  it.each(rows)('%s begins with a read of its own data, and leads to its other types', async (plan, row) => {
    const developer = await newDeveloper(platform.portal.service.url);
    const isMember = row.flow === 'authorization-code';
    const id = await newApp(developer, { plan, ...(isMember ? {} : { redirect_uris: '' }) });
    const where = isMember
      ? await platform.connect(developer, id)
      : (await platform.begin(developer, id)).pathname;
    const page = await developer.get(where);
    expect(textOf(page)).toContain('It works: your first FHIR answer');
    const types = [...page.text.matchAll(/class="button secondary" href="[^"]*\?path=([A-Za-z]+)/g)];
    expect(types.length).toBeGreaterThan(0);
    const readable: ReadonlySet<string> = resourceTypesOfPlan[plan as never];
    for (const [, type] of types) expect(readable).toContain(type);
    const [first = ''] = /[A-Z][A-Za-z]+(?=[/?][^/]*$)/.exec(platform.received.at(-1)?.path ?? '') ?? [];
    expect(readable).toContain(first);
  });

  it.each(rows)('%s has requests in the documentation that its data answers', async (plan) => {
    const { text } = await (await newDeveloper(platform.portal.service.url)).get('/docs/flows');
    const [section = ''] = text.split(`id="${plan}"`)[1]?.split('</section>') ?? [];
    const [, type] = /Bearer ACCESS_TOKEN.*\/([A-Z][A-Za-z]+)\?/.exec(section) ?? [];
    expect(resourceTypesOfPlan[plan as never]).toContain(type);
  });
});
