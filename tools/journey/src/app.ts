import { createHash, randomBytes } from 'node:crypto';
import type { Environment } from '@payer/smart';
import type { SystemAddresses } from './addresses.js';
import { Browser, expectLeft, expectPage, type Visit } from './browser.js';
import type { Credentials } from './portal.js';

export interface TokenAnswer {
  access_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
  id_token?: string;
  patient?: string;
  refresh_token?: string;
}

/** Status and JSON body of an answer. */
export interface JsonAnswer<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface AuthorizationOptions {
  scope?: string;
  state?: string;
  aud?: string;
  pkce?: boolean;
  redirectUri?: string;
  /** Further parameters, which override all others; undefined omits a parameter. */
  parameters?: Record<string, string | undefined>;
}

/** The developer page's scopes, verbatim. */
export const patientAccessScope = 'openid fhirUser launch/patient patient/*.rs';

/** A third-party app that relies on the developer page only. */
export class App {
  readonly redirectUri = 'https://client-app.com/redirect';

  constructor(
    readonly system: SystemAddresses,
    readonly environment: Environment,
    readonly credentials: Credentials,
  ) {}

  get issuer(): string {
    return `${this.system.authServer}/${this.environment}`;
  }

  get fhirBase(): string {
    return this.system.fhir[this.environment];
  }

  /**
   * A browser for one member.
   * @param callbacks redirect addresses of the app in addition to {@link redirectUri}
   */
  browser(callbacks: readonly string[] = []): Browser {
    return new Browser(['https://client-app.com/', ...callbacks]);
  }

  authorizationUrl(options: AuthorizationOptions = {}, verifier?: string): string {
    const url = new URL(`${this.issuer}/authorize`);
    const parameters: Record<string, string | undefined> = {
      response_type: 'code',
      client_id: this.credentials.client_id,
      redirect_uri: options.redirectUri ?? this.redirectUri,
      scope: options.scope ?? patientAccessScope,
      state: options.state,
      aud: options.aud,
      ...(verifier
        ? {
            code_challenge: createHash('sha256').update(verifier).digest('base64url'),
            code_challenge_method: 'S256',
          }
        : {}),
      ...options.parameters,
    };
    for (const [name, value] of Object.entries(parameters))
      if (value !== undefined) url.searchParams.set(name, value);
    return url.href;
  }

  /**
   * Takes a member through sign-in and consent.
   * @returns the redirect URI with its query
   */
  async authorize(
    member: { username: string; password: string },
    options: AuthorizationOptions & { browser?: Browser; decision?: RegExp; verifier?: string } = {},
  ): Promise<URL> {
    const browser = options.browser ?? this.browser();
    let visit: Visit = await browser.open(this.authorizationUrl(options, options.verifier));
    if (visit.page && visit.page.$('input[name="password"]').length > 0)
      visit = await browser.submit(visit.page, { username: member.username, password: member.password });
    if (visit.left) return visit.left;
    visit = await browser.submit(
      expectPage(visit),
      {},
      options.decision ?? /^\s*(allow|share|yes|agree|connect)/i,
    );
    return expectLeft(visit);
  }

  /**
   * The whole authorization code flow.
   * @throws Error when any step fails
   */
  async connect(
    member: { username: string; password: string },
    options: AuthorizationOptions & { browser?: Browser } = {},
  ): Promise<TokenAnswer> {
    const verifier = options.pkce ? randomBytes(32).toString('base64url') : undefined;
    const redirect = await this.authorize(member, { ...options, verifier });
    const code = redirect.searchParams.get('code');
    if (!code) throw new Error(`no code came back: ${redirect.search}`);
    const { status, body } = await this.exchange(code, verifier ? { code_verifier: verifier } : {});
    if (status !== 200) throw new Error(`the code was not exchanged: ${JSON.stringify(body)}`);
    return body;
  }

  exchange(code: string, more: Record<string, string> = {}): Promise<JsonAnswer<TokenAnswer>> {
    return this.token({ grant_type: 'authorization_code', code, redirect_uri: this.redirectUri, ...more });
  }

  refresh(refreshToken: string): Promise<JsonAnswer<TokenAnswer>> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  clientCredentials(scope = 'openid fhirUser system/*.rs'): Promise<JsonAnswer<TokenAnswer>> {
    return this.token({ grant_type: 'client_credentials', scope });
  }

  token(parameters: Record<string, string>): Promise<JsonAnswer<TokenAnswer>> {
    return this.post('/token', parameters);
  }

  introspect(token: string): Promise<JsonAnswer> {
    return this.post('/introspect', { token });
  }

  revoke(token: string): Promise<JsonAnswer> {
    return this.post('/revoke', { token });
  }

  /** One FHIR request; the path starts after the FHIR base, e.g. `/Patient/1`. */
  fhir(accessToken: string | undefined, path: string, init: RequestInit = {}): Promise<JsonAnswer> {
    const headers = new Headers(init.headers);
    if (accessToken) headers.set('authorization', `Bearer ${accessToken}`);
    const url = path.startsWith('http') ? path : `${this.fhirBase}${path}`;
    return json(fetch(url, { ...init, headers }));
  }

  private post<Body>(path: string, parameters: Record<string, string>): Promise<JsonAnswer<Body>> {
    const { client_id, client_secret } = this.credentials;
    return json(
      fetch(`${this.issuer}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams(parameters).toString(),
      }),
    );
  }
}

async function json<Body>(sent: Promise<Response>): Promise<JsonAnswer<Body>> {
  const response = await sent;
  const text = await response.text();
  let body: unknown;
  try {
    body = text === '' ? {} : JSON.parse(text);
  } catch {
    body = { text };
  }
  return { status: response.status, headers: response.headers, body: body as Body };
}
