import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { trialEnvironment } from '@payer/smart';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environmentsOf } from './apps/app-state.js';
import { readConfig } from './config.js';
import {
  newApp,
  newDeveloper,
  startPortal,
  textOf,
  type TestPortal,
  type Visitor,
} from './testing/portal.js';

/* A new environment is a row of the table, which says when the environment opens and whose records it has. */

const previewBase = 'http://localhost:4003/preview/interop/external/fhir';

it('a new environment opens when its row says so', () => {
  const app = { status: 'active', plan: 'patient-access', approved_at: null } as const;
  expect(environmentsOf(app)).toEqual(['sandbox']);
  expect(environmentsOf({ ...app, approved_at: new Date() })).toEqual(['sandbox', 'production', 'preview']);
  expect(environmentsOf({ ...app, approved_at: new Date(), status: 'suspended' })).toEqual([]);
});

it('a new environment has addresses, and a wrong address names its variable', () => {
  expect(readConfig({})).toMatchObject({ PREVIEW_FHIR_BASE_URL: previewBase });
  expect(() => readConfig({ PREVIEW_FHIR_BASE_URL: 'nowhere' })).toThrow('PREVIEW_FHIR_BASE_URL');
});

it('trials stay in the first environment that opens with the subscription', () => {
  expect(trialEnvironment).toBe('sandbox');
});

describe('the portal with a new environment', () => {
  const revoked: string[] = [];
  // A double of auth-server, which knows one token: that of the new environment.
  const platform = createServer((request, response) => {
    if (request.url?.endsWith('/revoke')) revoked.push(request.url);
    const isKnown = request.url?.startsWith('/preview/');
    const token = { active: true, token_type: 'Bearer', jti: 'j1', grant_id: 'g1' };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isKnown ? token : { active: false }));
  });
  let portal: TestPortal;
  let source: DataSource;
  let developer: Visitor;
  beforeAll(async () => {
    await new Promise<void>((resolve) => platform.listen(0, resolve));
    portal = await startPortal({
      AUTH_SERVER_URL: 'http://auth.example',
      AUTH_SERVER_ORIGIN: `http://localhost:${(platform.address() as AddressInfo).port}`,
    });
    source = await new DataSource({ type: 'postgres', url: portal.config.DATABASE_URL }).initialize();
    developer = await newDeveloper(portal.service.url);
  });
  afterAll(async () => {
    await source?.destroy();
    await portal?.stop();
    platform.close();
  });

  const approvedApp = async () => {
    const id = await newApp(developer);
    await source.query('UPDATE app SET approved_at = now() WHERE client_id = $1', [id]);
    return id;
  };
  const requestsOf = async (id: string) => {
    const { json } = await developer.json('GET', `/api/apps/${id}/activity`, undefined, developer.token);
    return (json.requests as { method: string; environment: string }[]).map(
      ({ method, environment }) => `${method} ${environment}`,
    );
  };

  it('shows in a badge whether it is open to an app', async () => {
    const id = await newApp(developer);
    const before = textOf(await developer.get(`/apps/${id}`));
    for (const state of ['Sandbox open', 'Production closed', 'Preview closed'])
      expect(before).toContain(state);
    const after = textOf(await developer.get(`/apps/${await approvedApp()}`));
    for (const state of ['Sandbox open', 'Production open', 'Preview open']) expect(after).toContain(state);
  });

  it.each(['/', '/docs/getting-access'])('%s names it with its address', async (path) => {
    const page = (await (await fetch(`${portal.service.url}${path}`)).text()).replaceAll('<wbr/>', '');
    expect(page).toContain('Preview');
    expect(page).toContain(previewBase);
  });

  it('says for how many days the portal keeps its requests', async () => {
    const text = textOf(await developer.get(`/apps/${await newApp(developer)}/activity`));
    expect(text).toContain('7 days of Sandbox, 30 days of Production, 7 days of Preview');
  });

  it('has levers where its records are synthetic: a token and a grant of it end, and are recorded in it', async () => {
    const id = await approvedApp();
    const lever = (path: string, body: object) =>
      developer.json('POST', `/api/apps/${id}/levers/${path}`, body, developer.token);
    const ended = await lever('expired-tokens', { access_token: 'a.preview.t' });
    expect([ended.status, ended.json]).toEqual([200, { jti: 'j1', grant_id: 'g1' }]);
    expect(revoked).toEqual(['/preview/revoke']);
    const grant_id = randomUUID();
    await source.query(
      `INSERT INTO grant_history (grant_id, version, environment, sub, patient, client_id, created_at, expires_at)
       VALUES ($1, 1, 'preview', 's', 'p', $2, now(), now() + interval '1 hour')`,
      [grant_id, id],
    );
    expect((await lever('ended-grants', { grant_id })).status).toBeLessThan(300);
    expect(await requestsOf(id)).toEqual(['DELETE preview', 'POST preview']);
    const acts = await source.query(
      "SELECT environment FROM audit_entry WHERE client_id = $1 AND action = 'lever-pulled' AND environment IS NOT NULL",
      [id],
    );
    expect(acts).toEqual([{ environment: 'preview' }]);
  });

  it('has no levers for an app to which it is not open', async () => {
    const id = await newApp(developer);
    const body = { access_token: 'a.preview.t' };
    const path = `/api/apps/${id}/levers/expired-tokens`;
    const refused = await developer.json('POST', path, body, developer.token);
    expect(refused.json.code).toBe('token_not_active');
  });
});
