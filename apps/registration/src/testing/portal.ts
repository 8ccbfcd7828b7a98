import type { RunningService } from '@payer/service';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { readConfig, type Config } from '../config.js';
import { registration } from '../service.js';
import { migrated } from './migrated.js';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are asserted on, not used
  json: any;
}

/** The portal's public URL in tests. Its forms must come from this origin. */
export const portalOrigin = 'http://portal.example';

/** The service with its own database. */
export interface TestPortal {
  config: Config;
  service: RunningService;
  postgres: TestPostgres;
  stop(): Promise<void>;
}

export async function startPortal(variables: Record<string, string> = {}): Promise<TestPortal> {
  const postgres = await startTestPostgres();
  const config = readConfig({
    NODE_ENV: 'test',
    PORT: '0',
    LOG_LEVEL: 'silent',
    REGISTRATION_URL: portalOrigin,
    DATABASE_URL: await postgres.database('registration', migrated),
    EVENTS_DATABASE_URL: await postgres.database('events'),
    ...variables,
  });
  const service = await registration.start(config);
  return {
    config,
    service,
    postgres,
    async stop() {
      await service.close();
      await postgres.stop();
    },
  };
}

/** A person at the portal's pages. Keeps cookies by path as a browser does, and follows no redirect. */
export class Visitor {
  private readonly cookies = new Map<string, { value: string; path: string }>();

  constructor(private readonly url: string) {}

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  /** Sends a form from a page of the portal. */
  post(path: string, fields: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: portalOrigin },
      body: new URLSearchParams(fields).toString(),
    });
  }

  async json(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
    return this.send(method, path, {
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async send(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = new Headers(init.headers);
    const cookies = [...this.cookies]
      .filter(
        ([, cookie]) =>
          path === cookie.path || path.startsWith(cookie.path.replace(/\/?$/, '/')) || cookie.path === '/',
      )
      .map(([name, cookie]) => `${name}=${cookie.value}`);
    if (cookies.length > 0) headers.set('cookie', cookies.join('; '));
    const response = await fetch(`${this.url}${path}`, { ...init, method, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) this.keep(cookie);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text ? JSON.parse(text) : undefined,
    };
  }

  /** The token of the session, which pages read from the cookie and the API as a bearer token. */
  get token(): string {
    return this.cookies.get('portal_session')?.value ?? '';
  }

  private keep(cookie: string): void {
    const [pair = '', ...attributes] = cookie.split(/;\s*/);
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const path = attributes.find((one) => /^path=/i.test(one))?.slice(5) ?? '/';
    const isGone = attributes.some(
      (one) => /^max-age=0/i.test(one) || /^expires=Thu, 01 Jan 1970/i.test(one),
    );
    if (isGone) this.cookies.delete(name);
    else this.cookies.set(name, { value, path });
  }
}

let developers = 0;

/** A new developer, signed in at the pages. */
export async function newDeveloper(
  url: string,
  email = `pages-${++developers}@client-app.example`,
): Promise<Visitor> {
  const visitor = new Visitor(url);
  const answer = await visitor.post('/sign-up', {
    name: 'Page Developer',
    organization: 'Apps Inc',
    email,
    password: 'a-long-password',
  });
  if (answer.status !== 303) throw new Error(`sign-up: status ${answer.status}: ${answer.text}`);
  return visitor;
}

/** Creates an app on the pages. @returns its client_id */
export async function newApp(visitor: Visitor, fields: Record<string, string> = {}): Promise<string> {
  const answer = await visitor.post('/apps', {
    client_name: 'Health',
    plan: 'patient-access',
    redirect_uris: 'https://client-app.example/redirect',
    ...fields,
  });
  if (answer.status !== 303) throw new Error(`create an app: status ${answer.status}: ${answer.text}`);
  return String(answer.headers.get('location')).split('/').at(-1) ?? '';
}

/** The texts of the page's main part, without elements. */
export const textOf = (answer: Answer) =>
  answer.text
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
