import { decodeJwt } from 'jose';
import { Client } from 'pg';
import { eventually } from '@payer/testing';
import { App, type JsonAnswer, type TokenAnswer } from './app.js';
import { expectLeft, expectPage, type Browser, type Page } from './browser.js';
import { UnexpectedAnswer, type Credentials, type PortalSession } from './portal.js';
import type { TestSystem } from './test-system.js';

const allow = /^\s*(allow|share|yes|agree|connect)/i;
const redirect_uris = ['https://client-app.com/redirect'];

interface Member {
  username: string;
  password: string;
  patient: string;
}

/** An answer, or undefined when the connection broke. */
type Perhaps<T> = Promise<T | undefined>;
const perhaps = <T>(work: Promise<T>): Perhaps<T> => work.catch(() => undefined);

interface Waiting {
  browser: Browser;
  page: Page;
}

/**
 * Members, developers and apps at every step of the journey, who all act in the same instant. An answered act
 * must hold, even when processes are killed meanwhile. An unanswered act is repeated as a person or an app
 * would repeat it, and then holds.
 */
export class EveryStepAtOnce {
  private constructor(
    private readonly parts: {
      system: TestSystem;
      developer: PortalSession;
      platform: PortalSession;
      app: App;
      member: Member;
      signingIn: Waiting;
      deciding: Waiting;
      code: string;
      refreshing: TokenAnswer;
      kept: TokenAnswer;
      cut: { browser: Browser; tokens: TokenAnswer; url: string };
      approving: { app: App; path: string };
      suspending: { app: App; token: string; path: string };
    },
  ) {}

  static async prepare(
    system: TestSystem,
    developer: PortalSession,
    platform: PortalSession,
    app: App,
    member: Member,
  ): Promise<EveryStepAtOnce> {
    const open = async (): Promise<Waiting> => {
      const browser = app.browser();
      return {
        browser,
        page: await browser.page(app.authorizationUrl({ parameters: { prompt: 'consent' } })),
      };
    };
    const { username, password } = member;
    const deciding = await open();
    const question = await deciding.browser.submit(deciding.page, { username, password });
    const browser = app.browser();
    const tokens = await app.connect(member, { browser });
    const { grant_id } = decodeJwt(tokens.access_token) as { grant_id: string };
    const finder = async () =>
      developer.createApp('provider-directory', { client_name: 'Finder', redirect_uris });
    const [approved, suspended] = [await finder(), await finder()];
    const { id } = await developer.call('POST', `/api/apps/${approved.client_id}/production-request`, {});
    const suspendedApp = new App(system.addresses, 'sandbox', suspended);
    return new EveryStepAtOnce({
      system,
      developer,
      platform,
      app,
      member,
      signingIn: await open(),
      deciding: { ...deciding, page: expectPage(question) },
      code: (await app.authorize(member)).searchParams.get('code') ?? '',
      refreshing: await app.connect(member),
      kept: await app.connect(member),
      cut: { browser, tokens, url: `${system.addresses.consent}/sandbox/api/grants/${grant_id}` },
      approving: {
        app: new App(system.addresses, 'production', approved),
        path: `/api/production-requests/${String(id)}/approve`,
      },
      suspending: {
        app: suspendedApp,
        token: (await suspendedApp.clientCredentials()).body.access_token,
        path: `/api/apps/${suspended.client_id}/suspend`,
      },
    });
  }

  /**
   * Starts all acts.
   * @returns the checks to run once all processes are back
   */
  act(): () => Promise<void> {
    const { app, developer, platform, member, signingIn, deciding, code, refreshing, cut } = this.parts;
    const { username, password } = member;
    const signedIn = perhaps(signingIn.browser.submit(signingIn.page, { username, password }));
    const decided = perhaps(deciding.browser.submit(deciding.page, {}, allow));
    const exchanged = perhaps(app.exchange(code));
    const refreshed = perhaps(app.refresh(refreshing.refresh_token ?? ''));
    const ended = perhaps(cut.browser.request(cut.url, { method: 'DELETE' }));
    const created = perhaps(
      developer.createApp('provider-directory', { client_name: 'Born in a crash', redirect_uris }),
    );
    const approved = perhaps(platform.call('POST', this.parts.approving.path, {}));
    const suspended = perhaps(platform.call('POST', this.parts.suspending.path, { reason: 'test' }));
    return async () => {
      await this.finishSignIn(signingIn.browser, await signedIn);
      await this.finishDecision(deciding, await decided);
      for (const answer of [await exchanged, await refreshed]) await this.expectTokensHold(answer);
      await this.expectEnded(await ended);
      const born = await created;
      if (born) await this.expectKnown(born);
      if (!(await approved)) await this.again(this.parts.approving.path, {});
      if (!(await suspended)) await this.again(this.parts.suspending.path, { reason: 'test' });
      await this.expectPortalToldAll();
      await this.expectKeptLives();
      await this.expectNothingLost();
    };
  }

  /** Whether or not the sign-in succeeded, opening it again continues it. */
  private async finishSignIn(browser: Browser, visit: Awaited<ReturnType<Browser['open']>> | undefined) {
    const { app, member } = this.parts;
    const page = visit?.page;
    if (
      page?.status === 200 &&
      page.$('button').length > 0 &&
      page.$('input[name="password"]').length === 0
    ) {
      const back = expectLeft(await browser.submit(page, {}, allow));
      await this.expectTokensHold(await app.exchange(back.searchParams.get('code') ?? ''), true);
    } else {
      await this.expectPatient((await app.connect(member, { browser })).access_token);
    }
  }

  /**
   * An answered consent leads to a code. An unanswered one is given again, or the member starts again in the
   * app.
   */
  private async finishDecision(
    { browser, page }: Waiting,
    visit: Awaited<ReturnType<Browser['open']>> | undefined,
  ) {
    const { app, member } = this.parts;
    const back = visit?.left ?? (await perhaps(browser.submit(page, {}, allow)))?.left;
    const code = back?.searchParams.get('code');
    if (code) await this.expectTokensHold(await app.exchange(code), true);
    else await this.expectPatient((await app.connect(member, { browser })).access_token);
  }

  private async expectTokensHold(answer: JsonAnswer<TokenAnswer> | undefined, mustBe = false): Promise<void> {
    if (answer?.status !== 200) {
      if (mustBe) throw new Error(`no tokens: ${JSON.stringify(answer?.body)}`);
      return;
    }
    await this.expectPatient(answer.body.access_token);
    const next = await this.parts.app.refresh(answer.body.refresh_token ?? '');
    if (next.status !== 200) throw new Error(`tokens were lost: ${JSON.stringify(next.body)}`);
  }

  private async expectPatient(token: string): Promise<void> {
    const { app, member } = this.parts;
    const { status, body } = await app.fhir(token, `/Patient/${member.patient}`);
    if (status !== 200) throw new Error(`a grant was lost: ${status} ${JSON.stringify(body)}`);
  }

  private async expectEnded(answer: Response | undefined): Promise<void> {
    const { app, cut } = this.parts;
    if (!answer?.ok)
      await eventually(async () => (await cut.browser.request(cut.url, { method: 'DELETE' })).ok);
    await eventually(async () => (await app.fhir(cut.tokens.access_token, '/Coverage')).status === 401);
    await eventually(async () => (await app.refresh(cut.tokens.refresh_token ?? '')).status === 400);
  }

  private async expectKnown(credentials: Credentials): Promise<void> {
    const born = new App(this.parts.system.addresses, 'sandbox', credentials);
    await eventually(async () => (await born.clientCredentials()).status === 200);
  }

  /**
   * An act may have succeeded before its answer was lost. The repetition is then refused, and the act is done
   * in either case.
   */
  private async again(path: string, body: Record<string, string>): Promise<void> {
    await this.parts.platform.call('POST', path, body).catch((error: unknown) => {
      if (!(error instanceof UnexpectedAnswer && error.status === 409)) throw error;
    });
  }

  private async expectPortalToldAll(): Promise<void> {
    const { approving, suspending } = this.parts;
    await eventually(async () => (await approving.app.clientCredentials()).status === 200);
    await eventually(
      async () => (await suspending.app.fhir(suspending.token, '/Location?_count=1')).status >= 401,
    );
    await eventually(async () => (await suspending.app.clientCredentials()).status >= 400);
  }

  private async expectKeptLives(): Promise<void> {
    const { app, kept } = this.parts;
    await this.expectPatient(kept.access_token);
    const { status } = await app.refresh(kept.refresh_token ?? '');
    if (status !== 200) throw new Error('a grant that nobody touched was lost');
  }

  /** Waits until the outboxes are empty, and consent and auth-server agree on every revoked grant. */
  private async expectNothingLost(): Promise<void> {
    const { running } = this.parts.system;
    const rows = async (database: string, sql: string) => {
      const client = new Client({ connectionString: running.databaseUrl(database) });
      await client.connect();
      try {
        return (await client.query<{ id: string }>(sql)).rows.map(({ id }) => id);
      } finally {
        await client.end();
      }
    };
    for (const database of ['auth_server', 'registration', 'consent'])
      await eventually(
        async () =>
          (await rows(database, "SELECT event_id AS id FROM outbox WHERE event->>'type' <> 'heartbeat'"))
            .length === 0,
      );
    await eventually(async () => {
      const atConsent = await rows(
        'consent',
        "SELECT grant_id AS id FROM app_grant WHERE status = 'revoked' ORDER BY 1",
      );
      // Excludes grants that consent never made: another test applies recorded events.
      const made = new Set(await rows('consent', 'SELECT grant_id AS id FROM app_grant'));
      const ended = await rows('auth_server', 'SELECT grant_id AS id FROM ended_grant ORDER BY 1');
      const atAuthServer = ended.filter((id) => made.has(id));
      if (atConsent.join() !== atAuthServer.join())
        throw new Error(`ended at consent: ${atConsent.join()}; at auth-server: ${atAuthServer.join()}`);
      return true;
    });
  }
}
