import { describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { ServiceIdentity } from '@payer/service';
import { eventually } from '@payer/testing';
import { Grants } from '../grants/grants.js';
import { noteCreated, noteEnding } from '../grants/keep-notices.js';
import type { startConsentUnderTest } from '../testing/consent-under-test.js';
import { NoticeDelivery } from './notice-delivery.js';

/** Notices to members, as auth-server gets them. */
export function noticeCases(system: () => Awaited<ReturnType<typeof startConsentUnderTest>>): void {
  describe('the notices about a grant', () => {
    const query = (text: string, ...parameters: unknown[]) => system().source.query(text, parameters);

    /** Waits until no notice of the member is due, and returns the notices that were taken. */
    async function noticesOf(sub: string) {
      await eventually(async () => {
        const due = await query(
          `SELECT 1 FROM grant_notice JOIN app_grant USING (grant_id)
           WHERE sub = $1 AND next_attempt_at IS NOT NULL`,
          sub,
        );
        return due.length === 0;
      });
      return system().state.notices.filter((notice) => notice.sub === sub);
    }
    const kindsOf = async (sub: string) => (await noticesOf(sub)).map(({ kind }) => kind).sort();

    /** Stores a copy of a grant with other values. @returns its id */
    async function copyOf(grantId: string, changes: Record<string, unknown>): Promise<string> {
      const id = randomUUID();
      const values = { ...changes, grant_id: id };
      await query(
        `INSERT INTO app_grant
         SELECT (jsonb_populate_record(app_grant, $2)).* FROM app_grant WHERE grant_id = $1`,
        grantId,
        JSON.stringify(values),
      );
      return id;
    }
    const inDays = (days: number) => new Date(Date.now() + days * 24 * 3600_000).toISOString();

    it('tell of the new grant and of its end, once each, and of no kind of data', async () => {
      const sub = 'noted';
      const { grantId, go } = await system().allow({ sub, client_id: 'noted' });
      const [created] = await noticesOf(sub);
      expect(created).toEqual({
        id: `${grantId} created`,
        kind: 'created',
        sub,
        client_name: 'Health <App>',
        organization: 'Apps Inc',
        until: expect.any(String),
        reason: null,
        is_ended_by_other: false,
        time_zone: 'America/New_York',
      });
      await go(`/sandbox/api/grants/${grantId}`, { method: 'DELETE' });
      const [, ended] = await noticesOf(sub);
      expect(ended).toMatchObject({ id: `${grantId} ended`, kind: 'ended', reason: 'member' });
      expect(await kindsOf(sub)).toEqual(['created', 'ended']);
    });

    it('wait for auth-server, and are handed over once by however many replicas', async () => {
      const sub = 'patient-member';
      const { grantId } = await system().allow({ sub, client_id: 'awaited' });
      await noticesOf(sub);
      system().state.isAuthServerAway = true;
      try {
        await new Grants(system().source).endOne(grantId, 'app');
        // A notice that is being sent is leased for a minute; a failed one comes again sooner.
        await eventually(async () => {
          const rows = await query(
            `SELECT attempts FROM grant_notice WHERE grant_id = $1 AND kind = 'ended'
               AND attempts > 0 AND next_attempt_at < now() + interval '20 seconds'`,
            grantId,
          );
          return rows.length > 0;
        });
        expect(system().state.notices.filter((notice) => notice.sub === sub)).toHaveLength(1);
      } finally {
        system().state.isAuthServerAway = false;
      }
      await query(
        "UPDATE grant_notice SET next_attempt_at = now() WHERE grant_id = $1 AND kind = 'ended'",
        grantId,
      );
      const { config, source } = system();
      const identity = ServiceIdentity.of('consent', config);
      const replicas = [0, 1, 2].map(() => new NoticeDelivery(config, source, identity));
      await Promise.all(replicas.map((replica) => replica.sendDue()));
      expect(await kindsOf(sub)).toEqual(['created', 'ended']);
    });

    it('are one for an app whose grants end together, and none for an app that keeps access', async () => {
      const sub = 'twice-noted';
      const { grantId, go } = await system().allow({ sub, client_id: 'twice-noted' });
      const second = await copyOf(grantId, {});
      await new Grants(system().source).endOne(grantId, 'token-reuse');
      expect(await kindsOf(sub)).toEqual(['created']);
      await copyOf(second, {});
      const body = new URLSearchParams({ client_id: 'twice-noted' });
      await go('/sandbox/disconnect', { method: 'POST', body });
      expect(await kindsOf(sub)).toEqual(['created', 'ended']);
    });

    it('leave out a continued grant and a grant that was never active', async () => {
      const { grantId } = await system().allow({ sub: 'continued', client_id: 'continued' });
      const later = new Date(Date.now() + 1000).toISOString();
      const same = await copyOf(grantId, { created_at: later });
      const longer = await copyOf(grantId, { created_at: later, expires_at: inDays(3000) });
      const more = await copyOf(grantId, { created_at: later, sensitive: ['hiv'] });
      await noteCreated(system().source, [same, longer, more]);
      const noted = await query('SELECT grant_id FROM grant_notice WHERE grant_id = ANY($1)', [
        same,
        longer,
        more,
      ]);
      expect(noted.map(({ grant_id }: { grant_id: string }) => grant_id).sort()).toEqual(
        [longer, more].sort(),
      );
      system().state.isAuthServerAway = true;
      try {
        const pending = await system().allowOnly({ sub: 'never', client_id: 'never' });
        await new Grants(system().source).endOne(pending.grantId, 'expired');
      } finally {
        system().state.isAuthServerAway = false;
      }
      expect(await noticesOf('never')).toEqual([]);
    });

    it('warn once before the end of a long grant, and not of a short one', async () => {
      const sub = 'ending';
      const { grantId } = await system().allow({ sub, client_id: 'ending' });
      await noticesOf(sub);
      const dates = { created_at: inDays(-60), expires_at: inDays(6) };
      await query(
        'UPDATE app_grant SET created_at = $2, expires_at = $3 WHERE grant_id = $1',
        grantId,
        dates.created_at,
        dates.expires_at,
      );
      const others = [
        await copyOf(grantId, { client_id: 'short', created_at: inDays(-5) }),
        await copyOf(grantId, { client_id: 'far', expires_at: inDays(8) }),
        await copyOf(grantId, { expires_at: inDays(5) }),
      ];
      for (let times = 0; times < 2; times++) await noteEnding(system().source);
      expect(await kindsOf(sub)).toEqual(['created', 'ending']);
      const [ending] = (await noticesOf(sub)).filter(({ kind }) => kind === 'ending');
      expect(ending).toMatchObject({ id: `${grantId} ending`, until: dates.expires_at });
      await query('DELETE FROM app_grant WHERE grant_id = ANY($1)', others);
    });

    it("ends a member's sessions when auth-server says that the member has signed out", async () => {
      const { go } = await system().allow({ sub: 'signed-out', client_id: 'signed-out' });
      const { go: other } = await system().allow({ sub: 'signed-in', client_id: 'signed-out' });
      const call = async (caller?: 'auth-server' | 'fhir-api') => {
        const identity = caller && ServiceIdentity.of(caller, system().config);
        const authorization = await identity?.authorizationFor('consent');
        const { status } = await fetch(`${system().running.url}/sandbox/internal/members/signed-out`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
          body: JSON.stringify({ sub: 'signed-out' }),
        });
        return status;
      };
      expect([await call(), await call('fhir-api')]).toEqual([401, 403]);
      expect((await go('/sandbox/api/grants')).status).toBe(200);
      expect(await call('auth-server')).toBe(200);
      expect((await go('/sandbox/api/grants')).status).toBe(401);
      expect((await other('/sandbox/api/grants')).status).toBe(200);
    });
  });
}
