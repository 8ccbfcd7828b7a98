import { beforeAll, describe, expect, it } from 'vitest';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '@payer/local';
import { eventually } from '@payer/testing';
import { decodeJwt } from 'jose';
import type { App, TokenAnswer } from './app.js';
import { expectLeft, expectPage, type Browser } from './browser.js';
import type { TestSystem } from './test-system.js';

/** Members of the sandbox (docs/sandbox-members.md). */
const signIn = (number: number) => ({
  username: `sbx-patientAccessMember-${number}`,
  password: `hpTest${number}${number}`,
});
const withSensitiveRecords = signIn(15);
const parent = {
  ...signIn(16),
  patient: '7357dd24-7af3-82aa-a1b3-d20e9b9744f4',
  name: 'Grace Ekström',
};
const child = 'd1367b26-60bf-8189-a7cb-d0370e1030b2';
const carer = signIn(21);
const caredFor = 'dc207ce1-bf90-8e44-af6d-47efb3164d66';

interface Prepared {
  system: TestSystem;
  newApp(plan: 'patient-access'): Promise<App>;
}

/**
 * What a member chooses on the way to the yes, from the page to the records: whose records, and which
 * sensitive kinds.
 * @param prepared called once, after the system has started
 */
export function memberChoicesSuite(prepared: () => Prepared): void {
  describe('what a member chooses', () => {
    let { system, newApp } = {} as Prepared;
    let app: App;
    beforeAll(async () => {
      ({ system, newApp } = prepared());
      app = await newApp('patient-access');
    });

    /** Signs in for a new question of the app. @returns the consent page */
    async function question(
      browser: Browser,
      { username, password }: { username: string; password: string },
    ) {
      const asked = await browser.open(app.authorizationUrl({ parameters: { prompt: 'login consent' } }));
      return expectPage(await browser.submit(expectPage(asked), { username, password }));
    }
    async function tokensOf(left: URL): Promise<TokenAnswer> {
      const { status, body } = await app.exchange(left.searchParams.get('code') ?? '');
      expect(status).toBe(200);
      return body;
    }
    const statusOf = async ({ access_token }: TokenAnswer, path: string) =>
      (await app.fhir(access_token, path)).status;
    const conditionsOf = async ({ access_token }: TokenAnswer, query = '') => {
      const { body } = await app.fhir(access_token, `/Condition?_count=100${query}`);
      return ((body.entry ?? []) as { resource: { id: string } }[]).map(({ resource }) => resource.id);
    };

    it('a sensitive kind is withheld until it is ticked, in each search and read', async () => {
      const connect = async (kinds: Record<string, string>) => {
        const browser = app.browser();
        const page = await question(browser, withSensitiveRecords);
        expect(page.$('input[name="sensitive"][checked]').length).toBe(0);
        return tokensOf(expectLeft(await browser.submit(page, kinds, /^Yes/)));
      };
      const none = await connect({});
      const some = await connect({ sensitive: 'substanceUse' });
      const [open, more] = [await conditionsOf(none), await conditionsOf(some)];
      const opened = more.filter((id) => !open.includes(id));
      expect(opened.length).toBeGreaterThan(0);
      expect(open.filter((id) => !more.includes(id))).toEqual([]);
      const label = '&_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|';
      expect(await conditionsOf(none, `${label}SUD`)).toEqual([]);
      expect((await conditionsOf(some, `${label}SUD`)).sort()).toEqual(opened.sort());
      // The other kinds stay closed.
      expect(await conditionsOf(some, `${label}HIV`)).toEqual([]);
      for (const id of opened) {
        expect(await statusOf(none, `/Condition/${id}`)).toBe(404);
        expect(await statusOf(some, `/Condition/${id}`)).toBe(200);
      }
    });

    it('a parent shares the records of a child, and nothing of anybody else', async () => {
      const browser = app.browser();
      const own = await tokensOf(
        expectLeft(await browser.submit(await question(browser, parent), {}, /^Yes/)),
      );
      expect(own.patient).toBe(parent.patient);
      const chosen = await browser.submit(await choosePage(browser), {}, /Ida/);
      const tokens = await tokensOf(expectLeft(await browser.submit(expectPage(chosen), {}, /^Yes/)));
      expect(tokens.patient).toBe(child);
      const { fhirUser } = decodeJwt<{ fhirUser: string }>(tokens.access_token);
      expect((await app.fhir(tokens.access_token, fhirUser)).body).toMatchObject({
        resourceType: 'RelatedPerson',
        patient: { reference: `Patient/${child}` },
      });
      expect(await statusOf(tokens, `/Patient/${child}`)).toBe(200);
      expect(await statusOf(tokens, `/Patient/${parent.patient}`)).toBe(404);
      expect(await statusOf(own, `/Patient/${child}`)).toBe(404);
      // The roster takes the right away: the gateway refuses the child's tokens, and only those.
      importMembers([{ ...parent, represents: [] }]);
      await eventually(async () => (await statusOf(tokens, `/Patient/${child}`)) === 401, {
        timeout: 60_000,
      });
      expect((await app.refresh(tokens.refresh_token ?? '')).status).toBe(400);
      expect(await statusOf(own, `/Patient/${parent.patient}`)).toBe(200);
    }, 120_000);

    it('a carer without own records is asked about the one patient', async () => {
      const browser = app.browser();
      const page = await question(browser, carer);
      expect(page.$('h1').text()).toContain('Edith Marchetti');
      const tokens = await tokensOf(expectLeft(await browser.submit(page, {}, /^Yes/)));
      expect(tokens.patient).toBe(caredFor);
      const { fhirUser } = decodeJwt<{ fhirUser: string }>(tokens.access_token);
      expect((await app.fhir(tokens.access_token, fhirUser)).status).toBe(200);
      const connected = await browser.page(`${system.addresses.consent}/sandbox/`);
      expect(connected.$('main').text()).toContain('Edith Marchetti');
    });

    /** Opens a new question about own records, and follows its link to the other patients. */
    async function choosePage(browser: Browser) {
      const page = await question(browser, parent);
      const link = page.$('a').all.find((each) => each.getAttribute('href')?.endsWith('/patient'));
      return browser.page(link?.getAttribute('href') ?? '');
    }

    function importMembers(members: readonly object[]): void {
      const { running } = system;
      const file = join(mkdtempSync(join(tmpdir(), 'members-')), 'changed.members.ndjson');
      writeFileSync(file, members.map((member) => `${JSON.stringify(member)}\n`).join(''));
      execFileSync(
        process.execPath,
        [join(repositoryRoot, 'apps/auth-server/dist/members/import.js'), '--environment', 'sandbox', file],
        {
          env: {
            ...process.env,
            ...running.variables,
            DATABASE_URL: running.databaseUrl('auth_server'),
          },
        },
      );
    }
  });
}
