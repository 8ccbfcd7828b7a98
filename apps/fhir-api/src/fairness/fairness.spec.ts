import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '@payer/testing';
import { Client } from 'pg';
import { databaseUrl } from '../databases.js';
import { loadMembers } from '../gateway/testing/members.js';
import { FhirApiSystem } from '../gateway/testing/system.js';

const list = (n: number) => Array.from({ length: n }, (_, i) => `v${i}`).join();

describe('one greedy app', () => {
  const system = new FhirApiSystem();
  let patient: string;
  let directory: string;

  beforeAll(async () => {
    await system.start({ APP_REQUESTS_PER_MINUTE: '60' });
    await loadMembers(system.config);
    patient = await system.issuer.patientToken('one');
    directory = await system.issuer.directoryToken();
  });
  afterAll(() => system.stop());

  it('that fills all its connections delays no other app, in no environment', async () => {
    const locker = new Client(databaseUrl(system.config, 'sandbox'));
    await locker.connect();
    // A separate session, because a transaction reads the activity of other sessions only once.
    const observer = new Client(databaseUrl(system.config, 'sandbox'));
    await observer.connect();
    await locker.query('BEGIN; LOCK TABLE shared_resource IN ACCESS EXCLUSIVE MODE');
    const dear = [
      `/Practitioner?name:contains=${list(150)}`,
      `/Organization?_count=1000&name=${list(150)}&_revinclude=*`,
    ];
    let answered = 0;
    const greedy = Array.from({ length: 40 }, (_, n) =>
      system.request(dear[n % 2]!, { token: directory }).finally(() => (answered += 1)),
    );
    await eventually(async () => {
      const { rows } = await observer.query(
        "SELECT count(*)::integer AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
      );
      return rows[0].n >= 2;
    });
    const refusedFirst = answered;
    const others = [
      '/Patient/one',
      '/Observation?patient=one',
      `/Observation?patient=one&code=29463-7,${list(150)}`,
      '/Patient?_id=one&_revinclude=Observation:patient&_count=1000',
    ];
    for (const path of others) {
      const { status, json } = await system.request(path, { token: patient });
      expect([path, status, json.id ?? json.total]).toEqual([path, 200, path.includes('?') ? 1 : 'one']);
    }
    expect(answered).toBe(refusedFirst);
    await locker.query('ROLLBACK');
    await locker.end();
    await observer.end();
    const statuses = (await Promise.all(greedy)).map(({ status }) => status);
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    expect(statuses).toContain(200);
  });

  it('reads its remaining budget in each answer, and is refused without one, while other apps are served', async () => {
    const ask = () => system.request('/Practitioner/doctor', { token: directory });
    const first = await ask();
    expect(first.headers['ratelimit-policy']).toContain('"requests";q=60;w=60, "resources";q=');
    expect(first.headers['ratelimit']).toMatch(/^"\w+";r=\d+;t=\d+$/);
    const refused = await eventually(
      async () => {
        const answers = await Promise.all(Array.from({ length: 50 }, ask));
        return answers.find(({ status }) => status === 429);
      },
      { timeout: 100_000 },
    );
    expect(refused.json.issue[0]).toMatchObject({ code: 'throttled', severity: 'error' });
    expect(refused.json.issue[0].diagnostics).toContain('60 requests in 60 seconds');
    expect(refused.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^[1-9]\d*$/),
      ratelimit: expect.stringMatching(/^"requests";r=0;t=\d+$/),
      'access-control-expose-headers': expect.stringContaining('RateLimit-Policy'),
    });
    expect((await system.request('/Patient/one', { token: patient })).status).toBe(200);
  });

  it('is refused a search that costs too much at once, in the form and in the address', async () => {
    const values = `name:contains=${list(5000)}`;
    const token = patient;
    for (const answer of [
      await system.request(`/Organization?${values}`, { token }),
      await system.request('/Organization/_search', {
        token,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: values,
      }),
    ]) {
      expect([answer.status, answer.json.issue[0].code]).toEqual([400, 'too-costly']);
      expect(answer.json.issue[0].diagnostics).toMatch(
        /name:contains has 5000 values; ask for at most \d+ at once/,
      );
    }
  });
});
