import { randomUUID } from 'node:crypto';
import { consentDecisionType, planRules, type AppState } from '@payer/smart';
import { SoftwareAuthenticator, type Deviation } from '@payer/testing/authenticator';
import { decodeJwt } from 'jose';
import { appOf, redirectUri } from './apps.js';
import type { AuthServerUnderTest } from './auth-server-under-test.js';
import type { Browser } from './browser.js';
import { codeAt } from './code-app.js';

export const scope = planRules['patient-access'].scopes.join(' ');
export const settingsPath = '/production/second-factor';
/** Origin of the pages, which a browser signs. */
const pageOrigin = 'http://localhost:4000';

export const form = (fields: Record<string, string>) => ({
  method: 'POST',
  body: new URLSearchParams(fields),
});
const jsonPost = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };

type CreationOptions = Parameters<SoftwareAuthenticator['create']>[0];
type RequestOptions = Parameters<SoftwareAuthenticator['get']>[0] & { allowCredentials: { id: string }[] };

/** What members of production do with their second factors. */
export class SecondFactorFlows {
  private state: AppState;
  private clearedAt = new Date(0);

  constructor(private readonly system: AuthServerUnderTest) {}

  /** Two members of production, `member` (`sub-p`) and `other` (`sub-o`), and an app. */
  async prepare(): Promise<void> {
    await this.system.addMember('production', 'member', 'sub-p');
    await this.system.addMember('production', 'other', 'sub-o');
    this.state = await this.system.register(
      appOf('patient-access', {
        environments: ['sandbox', 'production'],
        reviewed: null,
      } as Partial<AppState>),
    );
  }

  /** Forgets the second factors and the failed attempts of a test. */
  async clear(): Promise<void> {
    await this.system.source.query('DELETE FROM second_factor');
    await this.system.source.query('DELETE FROM attempt');
    this.clearedAt = new Date();
  }

  get app(): AppState {
    return this.state;
  }

  /** Types name and password on the sign-in page of an app. @returns the address after it */
  async givePassword(go: Browser, username = 'member', password = 'password') {
    const { location } = await go(this.system.authorizePath(this.state, { scope }, 'production'));
    const posted = await go(location, form({ username, password }));
    return { ...posted, interaction: location };
  }

  /** Signs in a member without a second factor. */
  async signIn(go: Browser, username = 'member'): Promise<Browser> {
    const { location } = await this.givePassword(go, username);
    await go(location);
    return go;
  }

  /** Proves who it is, at the settings. */
  confirm(go: Browser, fields: Record<string, string> = {}) {
    return go(`${settingsPath}/confirm`, form({ password: 'password', ...fields }));
  }

  /** Opens the page of a new code app. @returns its secret */
  async openCodeApp(go: Browser) {
    const { text } = await go(`${settingsPath}/code-app`);
    const secret = (/class="secret">([A-Z2-7 ]+)</.exec(text)?.[1] ?? '').replaceAll(' ', '');
    const sealed = /name="sealed" value="([^"]+)"/.exec(text)?.[1] ?? '';
    return { text, secret, sealed };
  }

  /** Signs in and adds a code app. @returns its secret and the recovery codes */
  async addCodeApp(go: Browser, username = 'member') {
    await this.signIn(go, username);
    await this.confirm(go);
    const { text, secret, sealed } = await this.openCodeApp(go);
    const added = await go(`${settingsPath}/code-app`, form({ sealed, code: codeAt(secret, Date.now()) }));
    // The present code counts as unused again, so that no test waits for the next one.
    await this.system.source.query('UPDATE second_factor SET last_step = 0');
    return { secret, sealed, codes: recoveryCodesIn(added.text), text, added };
  }

  creationOptions(go: Browser): Promise<CreationOptions> {
    return this.optionsAt(go, `${settingsPath}/passkeys/options`);
  }

  /** Adds a passkey in a session with a recent proof. */
  async createPasskey(go: Browser, deviation: Deviation = {}, authenticator = newAuthenticator()) {
    const response = JSON.stringify(authenticator.create(await this.creationOptions(go), deviation));
    const added = await go(`${settingsPath}/passkeys`, form({ name: 'Phone', response }));
    return { authenticator, added, codes: recoveryCodesIn(added.text) };
  }

  /** Signs in and adds a passkey. */
  async addPasskey(go: Browser, username = 'member') {
    await this.signIn(go, username);
    await this.confirm(go);
    return this.createPasskey(go);
  }

  /** The options of a passkey at a second step or at the settings. */
  requestOptions(go: Browser, path: string): Promise<RequestOptions> {
    return this.optionsAt(go, `${path}/options`);
  }

  /** Answers the second step at this path with a passkey. */
  async usePasskey(go: Browser, path: string, authenticator: SoftwareAuthenticator, deviation?: Deviation) {
    const response = authenticator.get(await this.requestOptions(go, path), deviation);
    return go(path, form({ response: JSON.stringify(response) }));
  }

  /** Goes on from the answer of a right second factor to the app. @returns the claims of the id_token */
  async claimsAfter(go: Browser, location: string) {
    const begin = new URL((await go((await go(location)).location)).location);
    const uid = begin.searchParams.get('interaction');
    const asked = await this.system.consent.requestOf(
      (await go(`/production/interaction/${uid}/consent?browser=${'b'.repeat(43)}`)).location,
    );
    const decision = await this.system.consent.sign(
      {
        ...{ interaction: asked.interaction, sub: asked.sub, client_id: asked.client_id, decision: 'allow' },
        ...{ choice: asked.choice, grant_id: randomUUID(), scope: asked.scope },
        grant_expires_at: Math.floor(Date.now() / 1000) + 3600,
      },
      consentDecisionType,
      'production',
    );
    const { location: back } = await go((await go(`${asked.return_to}?decision=${decision}`)).location);
    const parameters = {
      ...{ grant_type: 'authorization_code', redirect_uri: redirectUri },
      code: new URL(back).searchParams.get('code') ?? '',
    };
    const { body } = await this.system.token(this.state, parameters, 'production');
    return decodeJwt(body.id_token ?? '');
  }

  /** The audit trail of this test about second factors and sign-ins with them. */
  trail(): Promise<{ action: string; sub: string; detail: object }[]> {
    return this.system.source.query(
      `SELECT action, sub, detail FROM audit_entry
       WHERE detail ->> 'by' IS NOT NULL AND at > $1 ORDER BY at, action`,
      [this.clearedAt],
    );
  }

  private async optionsAt<T>(go: Browser, path: string): Promise<T> {
    return JSON.parse((await go(path, jsonPost)).text) as T;
  }
}

export const newAuthenticator = () => new SoftwareAuthenticator(pageOrigin);

const recoveryCodesIn = (text: string): string[] =>
  [...text.matchAll(/<code>([a-z2-9-]{19})<\/code>/g)].map(([, one = '']) => one);
