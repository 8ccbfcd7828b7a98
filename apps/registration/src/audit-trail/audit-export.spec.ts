import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunningService } from '@payer/service';
import type { AuditEntry } from '@payer/smart';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { DataSource } from 'typeorm';
import { readConfig } from '../config.js';
import { registration } from '../service.js';
import { neighbourOf, sendSigned } from '../testing/signed-answer.js';
import type { Manifest } from './audit-export.js';
import { migrated } from '../testing/migrated.js';

const member = { sub: 'sub-x', patient: 'patient-x', member_number: 'M-1001' };
const acts = 1500;
const accesses = 2300;

/** Doubles of auth-server's directory and of fhir-api's records, in order and with their ids. */
class Neighbours {
  /** Number of failed pages of records before one is answered. */
  failures = 0;
  /** Number of answers before fhir-api becomes permanently unavailable. */
  answersLeft = Infinity;
  private readonly server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const answer = (body: unknown) => void sendSigned(neighbourOf(pathname), request, response, body);
    if (pathname.endsWith('/members'))
      return answer({ members: pathname.includes('sandbox') ? [member] : [] });
    if (this.failures > 0 || this.answersLeft === 0) {
      this.failures = Math.max(0, this.failures - 1);
      return void response.writeHead(503).end();
    }
    this.answersLeft -= 1;
    const after = Number(searchParams.get('after_id') ?? 0);
    const limit = Number(searchParams.get('limit'));
    const count = pathname.includes('/sandbox/') ? accesses : 0;
    const ids = Array.from({ length: Math.min(limit, count - after) }, (_, n) => after + n + 1);
    answer({ entries: searchParams.get('order') === 'oldest' ? ids.map(record) : [] });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, resolve));
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

function record(id: number): AuditEntry {
  return {
    id: String(id),
    version: 1,
    at: new Date(Date.UTC(2026, 2, 1) + id * 1000).toISOString(),
    service: 'fhir-api',
    action: 'data-access',
    actor_role: 'app',
    actor: 'appone',
    environment: 'sandbox',
    client_id: 'appone',
    grant_id: 'grant',
    sub: member.sub,
    request_id: '-request-1',
    trace_id: null,
    detail: { status: 200 },
  };
}

describe('exporting the audit trail', () => {
  const neighbours = new Neighbours();
  let postgres: TestPostgres;
  let service: RunningService;
  let source: DataSource;
  let token: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const url = await neighbours.start();
    const config = readConfig({
      NODE_ENV: 'test',
      PORT: '0',
      LOG_LEVEL: 'silent',
      FHIR_API_INTERNAL_URL: url,
      AUTH_SERVER_INTERNAL_URL: url,
      DATABASE_URL: await postgres.database('registration', migrated),
      EVENTS_DATABASE_URL: await postgres.database('events'),
    });
    service = await registration.start(config);
    source = await new DataSource({ type: 'postgres', url: config.DATABASE_URL }).initialize();
    // Several records of the same instant, with the end of a page between them.
    await source.query(
      `INSERT INTO audit_entry (id, at, service, action, actor_role, actor, environment, sub, detail)
       SELECT gen_random_uuid(), '2026-03-01T00:00:00Z'::timestamptz + (n / 7) * interval '1 minute', 'auth-server', 'signed-in',
              'member', 'sub-x', 'sandbox', 'sub-x', '{"note": "=1+1, \\"quoted\\""}' FROM generate_series(1, $1) n`,
      [acts],
    );
    const signedIn = await fetch(`${service.url}/api/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'platform@example.org', password: 'platform-password' }),
    });
    token = ((await signedIn.json()) as { token: string }).token;
  });
  afterAll(async () => {
    await source?.destroy();
    await service?.close();
    await postgres?.stop();
    neighbours.stop();
  });
  beforeEach(() => {
    neighbours.failures = 0;
    neighbours.answersLeft = Infinity;
  });

  const post = (body: Record<string, unknown>) =>
    fetch(`${service.url}/api/audit/export`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const request = { member: 'M-1001', environment: 'sandbox', reason: 'court order 7' };

  function manifestOf(text: string, prefix = ''): { manifest: Manifest; before: string } {
    const start = text.lastIndexOf('\n', text.length - 2) + 1;
    const { manifest } = JSON.parse(text.slice(start + prefix.length)) as { manifest: Manifest };
    return { manifest, before: text.slice(0, start) };
  }

  const trail = async (type: string) =>
    (await source.query('SELECT actor, sub, detail FROM audit_entry WHERE action = $1 ORDER BY at DESC', [
      type,
    ])) as {
      actor: string;
      sub: string;
      detail: Record<string, unknown>;
    }[];

  it('gives every act and every data access once, the oldest first, then a manifest with their number and digest', async () => {
    neighbours.failures = 1;
    const refused = await post({ ...request, reason: 'fhir-api is away at the start' });
    expect([refused.status, (await trail('audit-exported')).length]).toEqual([503, 0]);
    const answer = await post(request);
    expect(answer.headers.get('content-type')).toContain('ndjson');
    const text = await answer.text();
    const { manifest, before } = manifestOf(text);
    const entries = before
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as AuditEntry);
    expect(entries).toHaveLength(acts + accesses);
    expect(new Set(entries.map(({ service: from, id }) => `${from} ${id}`)).size).toBe(acts + accesses);
    for (const kind of ['signed-in', 'data-access']) {
      const times = entries.filter(({ action }) => action === kind).map(({ at }) => at);
      expect(times).toEqual([...times].sort());
    }
    expect(manifest).toMatchObject({
      exported_by: 'platform@example.org',
      reason: 'court order 7',
      entries: acts + accesses,
      sha256: createHash('sha256').update(before).digest('hex'),
      filters: { member: 'M-1001', environment: 'sandbox' },
      complete: true,
    });
    const about = { actor: 'platform@example.org', sub: 'sub-x' };
    const { export_id, sha256 } = manifest;
    expect(await trail('audit-exported')).toEqual([
      { ...about, detail: expect.objectContaining({ export_id, reason: 'court order 7', format: 'ndjson' }) },
    ]);
    expect(await trail('audit-export-completed')).toEqual([
      { ...about, detail: { export_id, sha256, entries: acts + accesses } },
    ]);
  });

  it('is a table, too, in which no cell is a formula', async () => {
    const text = await (await post({ ...request, format: 'csv', type: 'signed-in' })).text();
    const { manifest, before } = manifestOf(text, '# ');
    expect(createHash('sha256').update(before).digest('hex')).toBe(manifest.sha256);
    const [head, first, ...more] = before.split('\n').filter(Boolean);
    expect(head).toMatch(/^id,at,service,action,/);
    expect(first).toContain('"{""note"":""=1+1, \\""quoted\\""""}"');
    expect(more).toHaveLength(acts - 1);
    const records = await (await post({ ...request, format: 'csv', type: 'data-access' })).text();
    expect(records.split('\n')[1]).toContain(",'-request-1,");
  });

  it('ends before `until`, in whatever time zone it is written', async () => {
    await source.query(
      `INSERT INTO audit_entry (id, at, service, action, actor_role, actor, detail)
       VALUES (gen_random_uuid(), now() - interval '30 minutes', 'auth-server', 'signed-in', 'member', 'sub-late', '{}')`,
    );
    const hour = 3_600_000;
    const anHourAgo = new Date(Date.now() - hour).toISOString();
    const until = new Date(Date.parse(anHourAgo) + 14 * hour).toISOString().replace('Z', '+14:00');
    const text = await (await post({ actor: 'sub-late', type: 'signed-in', reason: 'x', until })).text();
    expect(manifestOf(text).manifest).toMatchObject({ entries: 0, filters: { until: anHourAgo } });
  });

  it('waits for a neighbour that is away for a moment; a file without a manifest is what breaks off', async () => {
    neighbours.answersLeft = 2;
    const broken = post({ ...request, type: 'data-access', reason: 'breaks off' }).then((answer) =>
      answer.text(),
    );
    await expect(broken).rejects.toThrow();
    const [started] = await trail('audit-exported');
    expect(started?.detail.reason).toBe('breaks off');
    expect((await trail('audit-export-completed')).map(({ detail }) => detail.export_id)).not.toContain(
      started?.detail.export_id,
    );
  });

  it('asks for a reason and for whose entries, and refuses what it does not know', async () => {
    const refusal = async (body: Record<string, unknown>) => {
      const answer = await post(body);
      const { code, detail } = (await answer.json()) as { code: string; detail: string };
      return [answer.status, code, detail];
    };
    expect(await refusal({ member: 'M-1001' })).toEqual([
      400,
      'invalid_request',
      expect.stringContaining('reason'),
    ]);
    expect(await refusal({ reason: 'all' })).toEqual([400, 'filter_required', expect.anything()]);
    expect(await refusal({ reason: 'all', actor: 'a\0b' })).toEqual([
      400,
      'invalid_request',
      'actor: must not contain a NUL character',
    ]);
    expect(await refusal({ ...request, clientid: 'x' })).toEqual([
      400,
      'invalid_request',
      expect.stringContaining('client_id'),
    ]);
    expect(await refusal({ ...request, format: 'pdf' })).toEqual([
      400,
      'invalid_request',
      expect.stringContaining('csv'),
    ]);
  });

  it('is on the page, for the search that is shown', async () => {
    const signedIn = await fetch(`${service.url}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ email: 'platform@example.org', password: 'platform-password' }),
    });
    const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
    const page = await (
      await fetch(`${service.url}/platform/audit?member=M-1001&type=signed-in`, { headers: { cookie } })
    ).text();
    expect(page).toContain('<input type="hidden" name="member" value="M-1001"');
    const send = (fields: Record<string, string>) =>
      fetch(`${service.url}/platform/audit/export`, {
        method: 'POST',
        headers: { cookie },
        body: new URLSearchParams({ member: 'M-1001', type: 'signed-in', format: 'csv', ...fields }),
      });
    const file = await send({ reason: `a reason ${randomUUID()}` });
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-.*\.csv"$/);
    expect(manifestOf(await file.text(), '# ').manifest.entries).toBe(acts);
    const refused = await send({ reason: '' });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Reason')]);
  });
});
