import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, expectPage, localMembers, type Page } from '@payer/journey';
import { startTestSystem, type TestSystem } from '@payer/journey/test-system';
import { runSnippet, snippetsIn, type PrintedSnippet } from './run-snippet.js';

const [member] = localMembers.sandbox;
const memberLibraries = ['curl', 'openid-client', 'fhirclient', 'python', 'java'].map(
  (one) => `member-${one}`,
);
const systemLibraries = ['curl', 'openid-client', 'python', 'java'].map((one) => `system-${one}`);

/** Each program of the portal's pages, exactly as a developer copies it. */
describe('the snippets of the portal', () => {
  let system: TestSystem;
  /** Keeps the port of the redirect URI until a program needs it. */
  let listener: Server;
  let redirectUri: string;
  let documentation: PrintedSnippet[];
  const apps = new Map<string, { page: Page; variables: Record<string, string> }>();

  beforeAll(async () => {
    system = await startTestSystem();
    listener = createServer().listen(0, 'localhost');
    await once(listener, 'listening');
    redirectUri = `http://localhost:${(listener.address() as AddressInfo).port}/callback`;
    const developer = new Browser();
    const { portal } = system.addresses;
    await developer.submit(await developer.page(`${portal}/sign-up`), {
      name: 'Sam Snippet',
      organization: 'Client Apps',
      email: 'sam-snippet@client-app.example',
      password: 'a-developers-password',
    });
    for (const plan of ['patient-access', 'provider-directory']) {
      const form = await developer.page(`${portal}/apps/new`);
      const page = expectPage(
        await developer.submit(form, { client_name: `Snippets ${plan}`, redirect_uris: redirectUri, plan }),
      );
      const CLIENT_ID = new URL(page.url).pathname.split('/').at(-1) ?? '';
      const CLIENT_SECRET = page.$('code.secret').text().trim();
      apps.set(plan, { page, variables: { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI: redirectUri } });
    }
    documentation = snippetsIn((await developer.page(`${portal}/docs/snippets`)).html);
  }, 180_000);
  afterAll(async () => {
    listener?.close();
    await system?.stop();
  }, 60_000);

  const run = async (snippet: PrintedSnippet, variables: Record<string, string>) => {
    const isServer = snippet.id === 'member-fhirclient';
    const { port } = new URL(redirectUri);
    if (isServer) await new Promise((resolve) => listener.close(resolve));
    try {
      return await runSnippet(snippet, variables, new Browser([redirectUri]), member);
    } finally {
      if (isServer) await once(listener.listen(Number(port), 'localhost'), 'listening');
    }
  };
  const ofPlan = (plan: string) => apps.get(plan)!;

  it('are there for each library, on the page of an app and in the documentation', () => {
    const ids = (snippets: PrintedSnippet[]) => snippets.map(({ id }) => id);
    expect(ids(documentation)).toEqual([...memberLibraries, ...systemLibraries]);
    expect(ids(snippetsIn(ofPlan('patient-access').page.html))).toEqual(memberLibraries);
    expect(ids(snippetsIn(ofPlan('provider-directory').page.html))).toEqual(systemLibraries);
  });

  describe.each([
    ['patient-access', memberLibraries, { resourceType: 'Patient', id: member.patient }],
    ['provider-directory', systemLibraries, { resourceType: 'Bundle', type: 'searchset' }],
  ] as const)('for %s', (plan, libraries, expected) => {
    it.each(libraries)(
      '%s reads its first FHIR answer, as the documentation prints it',
      async (library) => {
        const { variables } = ofPlan(plan);
        const answer = await run(
          documentation.find(({ id }) => id === library)!,
          variables,
        );
        expect(resourceOf(answer)).toMatchObject(expected);
      },
      60_000,
    );

    it.each(libraries)(
      '%s reads its first FHIR answer, as the page of the app prints it',
      async (library) => {
        const { page, variables } = ofPlan(plan);
        const { CLIENT_SECRET = '', CLIENT_ID = '' } = variables;
        const snippet = snippetsIn(page.html).find(({ id }) => id === library)!;
        expect(snippet.program).toContain(CLIENT_ID);
        expect(snippet.program).not.toContain(CLIENT_SECRET);
        expect(resourceOf(await run(snippet, { CLIENT_SECRET }))).toMatchObject(expected);
      },
      60_000,
    );
  });
});

/** The Patient of a search for Patients; any other answer as it is. */
function resourceOf(answer: unknown): unknown {
  const { entry } = answer as { entry?: { resource: { resourceType: string } }[] };
  const [first] = entry ?? [];
  return first?.resource.resourceType === 'Patient' ? first.resource : answer;
}
