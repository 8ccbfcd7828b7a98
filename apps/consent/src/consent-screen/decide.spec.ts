import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuditEntry } from '@payer/smart';
import { eventually } from '@payer/testing';
import { startConsentUnderTest } from '../testing/consent-under-test.js';

describe('the consent decision', () => {
  let test: Awaited<ReturnType<typeof startConsentUnderTest>>;
  beforeAll(async () => {
    test = await startConsentUnderTest();
  });
  afterAll(() => test.stop());

  it('a yes to the request in plain words stores a grant with its event, and a signed decision', async () => {
    const go = test.browser();
    const { status, location } = await go(`/sandbox/consent?request=${await test.ask(go)}`);
    expect(status).toBe(303);
    for (let reload = 0; reload < 2; reload++) {
      const page = await go(location);
      expect(page.status).toBe(200);
      expect(page.text).toContain('Maria Lindqvist');
      expect(page.text).toContain('Health &lt;App');
      expect(page.text).toContain('HIPAA');
    }
    const decided = await test.answer(go, location, 'allow', { days: '30' });
    expect(decided.location).toContain('http://localhost:4000/sandbox/interaction/x/decision?decision=');
    const [grant] = await test.source.query(
      "SELECT *, expires_at - created_at AS lasts FROM app_grant WHERE sub = 'sub-1'",
    );
    expect(grant).toMatchObject({ client_id: 'app1', version: 1 });
    expect(grant.lasts.days).toBe(30);
    await eventually(async () => (await test.statusOf(grant.grant_id)) === 'active');
    await eventually(async () =>
      (await test.published('grant-created')).some(({ grant_id }) => grant_id === grant.grant_id),
    );
  });

  it('pressing the button three times makes one grant and gives the same answer', async () => {
    const go = test.browser();
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, { client_id: 'thrice' })}`);
    const answers = await Promise.all([1, 2, 3].map(() => test.answer(go, location, 'allow')));
    expect(new Set(answers.map((step) => step.location)).size).toBe(1);
    expect(await test.source.query("SELECT 1 FROM app_grant WHERE client_id = 'thrice'")).toHaveLength(1);
  });

  it('a no stores no grant', async () => {
    const go = test.browser();
    const { location } = await go(`/sandbox/consent?request=${await test.ask(go, { client_id: 'denied' })}`);
    const decided = await test.answer(go, location, 'deny');
    expect(decided.location).toContain('decision=');
    expect(await test.source.query("SELECT 1 FROM app_grant WHERE client_id = 'denied'")).toHaveLength(0);
  });

  it('a member who goes back to an answered request sees the answer', async () => {
    const { go, page } = await test.allow({ client_id: 'answered' });
    expect((await go(page)).text).toMatch(
      /You said yes to Health.*until <time [^>]*>\w+ \d+, \d{4}<\/time>, or until you stop/s,
    );
    const { location } = await go(
      `/sandbox/consent?request=${await test.ask(go, { client_id: 'answered' })}`,
    );
    await test.answer(go, location, 'deny');
    expect((await go(location)).text).toMatch(/You said no to .*We shared nothing/s);
  });

  it('a yes, a no and a disconnection are audited for good, with who, what and the request, and published', async () => {
    const { go, grantId } = await test.allow({ client_id: 'audited' });
    const no = test.browser();
    const { location } = await no(`/sandbox/consent?request=${await test.ask(no, { client_id: 'audited' })}`);
    await test.answer(no, location, 'deny');
    await go(`/sandbox/api/grants/${grantId}`, {
      method: 'DELETE',
      headers: { 'x-request-id': 'disconnect-1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    });
    const audited = async () =>
      ((await test.published('audit-recorded')) as unknown as AuditEntry[]).filter(
        ({ client_id }) => client_id === 'audited',
      );
    const entries = await eventually(async () => (await audited()).length === 4 && audited());
    expect(entries.map(({ action, grant_id }) => [action, grant_id])).toEqual([
      ['grant-allowed', grantId],
      ['grant-created', grantId],
      ['grant-denied', null],
      ['grant-revoked', grantId],
    ]);
    for (const entry of entries)
      expect(entry).toMatchObject({ actor_role: 'member', actor: 'sub-1', environment: 'sandbox' });
    expect(entries[3]).toMatchObject({ request_id: 'disconnect-1', trace_id: 'a'.repeat(32) });
    expect(JSON.stringify(entries)).not.toMatch(/Maria|patient-1/);
    const kept = (await test.source.query(
      "SELECT id FROM audit_entry WHERE client_id = 'audited'",
    )) as unknown[];
    expect(kept).toHaveLength(4);
    for (const statement of [
      'UPDATE audit_entry SET actor = NULL',
      'DELETE FROM audit_entry',
      'TRUNCATE audit_entry',
    ])
      await expect(test.source.query(statement)).rejects.toThrow(/append-only/);
  });

  it('answers, live grants and ended ones are counted', async () => {
    const { grantId } = await test.allow({ client_id: 'counted' });
    const metrics = await (await fetch(`${test.running.url}/metrics`)).text();
    const [row] = (await test.source.query(
      "SELECT count(*)::integer AS count FROM app_grant WHERE status = 'active' AND environment = 'sandbox'",
    )) as { count: number }[];
    expect(row?.count).toBeGreaterThan(0);
    expect(metrics).toContain(`grants_active{environment="sandbox"} ${row?.count}\n`);
    for (const line of [
      /^consent_decisions_total\{environment="sandbox",decision="allow"\} [1-9]/m,
      /^consent_decisions_total\{environment="sandbox",decision="deny"\} [1-9]/m,
      /^grants_ended_total\{environment="sandbox",reason="member"\} [1-9]/m,
    ])
      expect(metrics).toMatch(line);
    expect(metrics).not.toContain(grantId);
  });
});
