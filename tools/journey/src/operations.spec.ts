import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuditEntry } from '@payer/smart';
import { eventually } from '@payer/testing';
import { localMembers, platformTeam } from './addresses.js';
import { App } from './app.js';
import { PortalSession, type Credentials } from './portal.js';
import { startTestSystem, type TestSystem } from './test-system.js';

interface Span {
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: { key: string; value: { stringValue?: string } }[];
}

interface OtlpTraces {
  resourceSpans: {
    resource: { attributes: Span['attributes'] };
    scopeSpans: { spans: Omit<Span, 'service'>[] }[];
  }[];
}

/** Receives spans like an OpenTelemetry collector (OTLP/HTTP with JSON). */
class Collector {
  readonly spans: Span[] = [];
  private server: Server;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.take(JSON.parse(Buffer.concat(chunks).toString()) as OtlpTraces);
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private take({ resourceSpans }: OtlpTraces): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const name = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
      for (const { spans } of scopeSpans)
        this.spans.push(...spans.map((span) => ({ ...span, service: name })));
    }
  }
}

const [member] = localMembers.sandbox;
/** Random, because a broker may still hold the events of the previous run. */
const traceId = randomBytes(16).toString('hex');
const limit = 60_000;

/** `.ci/steps/52-operations` runs these tests. */
const operations = process.env.OPERATIONS_TESTS ? describe : describe.skip;
operations('a system that is watched', () => {
  const collector = new Collector();
  let system: TestSystem;
  let platform: PortalSession;
  let credentials: Credentials;
  let grantId: string;
  /** Values that must not appear in a log or a span. */
  const confidential: Record<string, string> = {};

  beforeAll(async () => {
    system = await startTestSystem({
      LOG_LEVEL: 'debug',
      REQUEST_LOG: 'all',
      OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(),
      OTEL_BSP_SCHEDULE_DELAY: '200',
    });
    const { portal } = system.addresses;
    const developer = await PortalSession.newDeveloper(portal);
    platform = await PortalSession.signIn(portal, platformTeam.email, platformTeam.password);
    credentials = await developer.createApp('patient-access', {
      client_name: 'Watched',
      redirect_uris: ['https://client-app.com/redirect'],
    });
    const app = new App(system.addresses, 'sandbox', credentials);
    const browser = app.browser();
    const verifier = 'v'.repeat(43);
    const code = (await app.authorize(member, { browser, verifier })).searchParams.get('code') ?? '';
    const tokens = (await app.exchange(code, { code_verifier: verifier })).body;
    const read = await app.fhir(tokens.access_token, `/Patient/${member.patient}`);
    const [name] = (read.body as { name: { family: string; given: string[] }[] }).name;
    const { family, given } = name!;
    await app.fhir(tokens.access_token, `/Patient?family=${family}&_id=${member.patient}`);
    await app.fhir(tokens.access_token, `/Patient/${member.patient}/_history`);
    await app.fhir(`${tokens.access_token}x`, `/Patient/${member.patient}`);
    const refreshed = (await app.refresh(tokens.refresh_token ?? '')).body;
    await app.introspect(refreshed.access_token);
    await app.exchange(code);
    const wrong = 'a-wrong-password-of-a-member';
    await app.authorize({ username: member.username, password: wrong }).catch(() => undefined);
    const second = await app.connect(member, { browser });
    await app.fhir(second.access_token, `/Coverage?patient=${member.patient}`);

    const grants = await browser.request(`${system.addresses.consent}/sandbox/api/grants`);
    const listed = ((await grants.json()) as { grants: { grant_id: string; status: string }[] }).grants;
    grantId = listed.find(({ status }) => status === 'active')!.grant_id;
    const ended = await browser.request(`${system.addresses.consent}/sandbox/api/grants/${grantId}`, {
      method: 'DELETE',
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, origin: system.addresses.consent },
    });
    expect(ended.status).toBe(204);
    await eventually(
      async () => (await app.fhir(second.access_token, `/Patient/${member.patient}`)).status === 401,
      { timeout: limit },
    );
    Object.assign(confidential, {
      'client secret': credentials.client_secret,
      code,
      'PKCE verifier': verifier,
      'access token': tokens.access_token,
      'signature of the refreshed token': refreshed.access_token.split('.')[2]!,
      'signature of the second token': second.access_token.split('.')[2]!,
      'refresh token': tokens.refresh_token ?? '',
      'rotated refresh token': refreshed.refresh_token ?? '',
      'second refresh token': second.refresh_token ?? '',
      'id token': tokens.id_token ?? '',
      "member's password": member.password,
      'wrong password': wrong,
      "platform team's password": platformTeam.password,
      "developer's password": 'a-developers-password',
      'session of the member': (await browser.jar.getCookies(`${system.addresses.consent}/sandbox/`))[0]!
        .value,
      'patient id': member.patient,
      'family name': family,
      'whole name': [...given, family].join(' '),
      'member number': member.username,
    });
  }, 240_000);

  afterAll(async () => {
    await system?.stop();
    collector.stop();
  });

  it("one trace leads from consent's DELETE over the event to the handlers of fhir-api and auth-server", async () => {
    const ofTrace = () => collector.spans.filter((span) => span.traceId === traceId);
    const find = (service: string, name: string) =>
      eventually(() => ofTrace().find((span) => span.service === service && span.name === name), {
        timeout: limit,
      });
    const request = await find('consent', 'DELETE /{environment}/api/grants/{grant_id}');
    expect(request.parentSpanId).toBe('00f067aa0ba902b7');
    for (const [service, name] of [
      ['consent', 'publish grant-revoked'],
      ['fhir-api', 'process grant-revoked'],
      ['auth-server', 'process grant-revoked'],
    ] as const)
      expect((await find(service, name)).parentSpanId).toBe(request.spanId);
    const query = await find('consent', 'UPDATE');
    expect(query.parentSpanId).toBe(request.spanId);
    const applied = (service: string) =>
      system
        .logs()
        .split('\n')
        .some(
          (line) =>
            line.includes(`"name":"${service}"`) &&
            line.includes(`"trace_id":"${traceId}"`) &&
            line.includes('"event":"grant-revoked"'),
        );
    for (const service of ['fhir-api', 'auth-server']) await eventually(() => applied(service));
  });

  it('no secret, token, password or member data is in any log at debug level, or in any span', async () => {
    const logs = system.logs();
    for (const part of ['"route":"{base}/{type}/{id}"', '"route":"/{environment}/token"', '"msg":"request"'])
      expect([part, logs.includes(part)]).toEqual([part, true]);
    const spans = JSON.stringify(collector.spans);
    const found = Object.entries(confidential).flatMap(([what, value]) => [
      ...(value === '' ? [`${what}: not known to this test`] : []),
      ...(logs.includes(value) ? [`${what} in a log`] : []),
      ...(spans.includes(value) ? [`${what} in a span`] : []),
    ]);
    expect(found).toEqual([]);
  });

  it('every line of every service is JSON, with a level, a time and the name of the service', () => {
    const lines = system.logs().split('\n').filter(Boolean);
    expect(lines.length).toBeGreaterThan(100);
    const wrong = lines.filter((line) => {
      try {
        const { level, time, name } = JSON.parse(line) as Record<string, unknown>;
        return typeof level !== 'number' || typeof time !== 'number' || typeof name !== 'string';
      } catch {
        return true;
      }
    });
    expect(wrong).toEqual([]);
  });

  const rules = readFileSync(new URL('../../../deploy/monitoring/alerts.yaml', import.meta.url), 'utf8');
  const runbook = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');

  /** The text of /metrics of all services. */
  async function exposition(): Promise<string> {
    const { authServer, portal, consent, fhir } = system.addresses;
    const shown = [authServer, portal, consent, new URL(fhir.sandbox).origin].map(async (url) =>
      (await fetch(`${url}/metrics`)).text(),
    );
    return (await Promise.all(shown)).join('\n');
  }
  const namesIn = (exposed: string) => [...exposed.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  const labelsIn = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, value]) => [label!, value!]),
    );

  it('every metric of ours is documented, and is there as documented, with these labels and no id in any of them', async () => {
    const exposed = await exposition();
    const table = runbook.slice(runbook.indexOf('## Metrics'), runbook.indexOf('## Logs and traces'));
    const documented = new Map(
      [...table.matchAll(/^\|.*?\|/gm)]
        .flatMap(([cell]) => [...cell.matchAll(/`(\w+)`(?: \{([^}]*)\})?/g)])
        .map(([, name, labels]) => [name!, labels?.split(', ').sort() ?? []]),
    );
    const ours = namesIn(exposed).filter((name) => !/^(process|nodejs)_/.test(name));
    expect([...documented.keys()].sort()).toEqual([...new Set(ours)].sort());
    for (const [, sample, text] of exposed.matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
      const labels = documented.get(sample!) ?? documented.get(sample!.replace(/_(bucket|count|sum)$/, ''));
      const { le: _bound, ...shown } = labelsIn(text!);
      if (labels) expect([sample, Object.keys(shown).sort()]).toEqual([sample, labels]);
    }
    const ids = { ...confidential, 'client id': credentials.client_id, 'grant id': grantId };
    expect(Object.entries(ids).filter(([, value]) => exposed.includes(value))).toEqual([]);
    expect(exposed).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it('what an alarm counts is there from 0 on: a series that begins with 1 shows no increase', async () => {
    const exposed = await exposition();
    const counted = [...rules.matchAll(/increase\((\w+)(?:\{(.*?)\})?\[/g)];
    expect(counted.length).toBeGreaterThan(3);
    for (const [, name, condition = ''] of counted) {
      const { job: _scraped, ...wanted } = labelsIn(condition);
      const series = [...exposed.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? \\S+$`, 'gm'))];
      expect([name, series.map(([, text = '']) => labelsIn(text))]).toEqual([
        name,
        expect.arrayContaining([expect.objectContaining(wanted)]),
      ]);
    }
  });

  it('every alarm looks at metrics that are there, and has a runbook', async () => {
    const there = new Set(namesIn(await exposition()));
    const used = [...rules.matchAll(/\b[a-z]+(?:_[a-z]+)+(?=[{[)])/g)].map(([name]) =>
      name.replace(/_(bucket|count|sum)$/, ''),
    );
    expect(used.length).toBeGreaterThan(15);
    expect(used.filter((name) => !there.has(name) && !rules.includes(`by (${name}`))).toEqual([]);
    const alerts = [...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name!);
    for (const name of alerts) {
      expect(runbook).toContain(`### ${name}\n`);
      expect(rules).toContain(`runbook: docs/operations.md#${name.toLowerCase()}\n`);
    }
  });

  it("the platform team finds the member's yes, what was read, and the end, from three services", async () => {
    const audit = async (query: Record<string, string>) =>
      ((await platform.call('GET', `/api/audit?${new URLSearchParams(query)}`)) as { entries: AuditEntry[] })
        .entries;
    const acts = await eventually(async () => {
      const entries = await audit({ grant_id: grantId });
      return entries.some(({ action }) => action === 'grant-revoked') && entries;
    });
    expect(acts.map(({ service, action, actor_role }) => [service, action, actor_role])).toEqual([
      ['consent', 'grant-revoked', 'member'],
      ['consent', 'grant-created', 'member'],
      ['consent', 'grant-allowed', 'member'],
    ]);
    expect(acts[0]?.trace_id).toBe(traceId);
    const signIns = await audit({ client_id: credentials.client_id, type: 'sign-in-refused' });
    expect(signIns).toEqual([expect.objectContaining({ service: 'auth-server', sub: acts[0]?.sub })]);
    const reads = await eventually(async () => {
      const entries = await audit({ type: 'data-access', environment: 'sandbox', grant_id: grantId });
      return entries.some(({ detail }) => detail.status === 401) && entries;
    });
    expect(reads.at(-1)).toMatchObject({
      service: 'fhir-api',
      client_id: credentials.client_id,
      sub: acts[0]?.sub,
      detail: { interaction: 'search', resource_type: 'Coverage', status: 200 },
    });
    const month = new Date().toISOString().slice(0, 7);
    const day = new Date().toISOString().slice(0, 10);
    for (const name of [member.username, member.patient, acts[0]!.sub!]) {
      const query = new URLSearchParams({ member: name, environment: 'sandbox' });
      const readers = await platform.call('GET', `/api/audit/readers?${query}&since=${month}`);
      expect(readers.apps).toEqual([
        expect.objectContaining({ client_id: credentials.client_id, client_name: 'Watched' }),
      ]);
      const able = await platform.call('GET', `/api/audit/apps-with-access?${query}&day=${day}`);
      expect(able.apps).toEqual([
        expect.objectContaining({
          client_name: 'Watched',
          grants: expect.arrayContaining([
            expect.objectContaining({ grant_id: grantId, revoked_reason: 'member' }),
          ]),
        }),
      ]);
      expect((await audit({ member: name, type: 'grant-revoked' }))[0]?.grant_id).toBe(grantId);
    }
    const watched = new URLSearchParams({ app: 'watched', environment: 'sandbox' });
    const read = await platform.call('GET', `/api/audit/reads?${watched}`);
    expect(read.apps).toEqual([
      expect.objectContaining({
        client_id: credentials.client_id,
        types: expect.arrayContaining([expect.objectContaining({ resource_type: 'Coverage' })]),
      }),
    ]);
    const trail = JSON.stringify([...acts, ...reads, ...signIns]);
    expect(Object.entries(confidential).filter(([, value]) => trail.includes(value))).toEqual([]);
  });
});
