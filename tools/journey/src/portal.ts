import type { Plan } from '@payer/smart';

export interface Credentials {
  client_id: string;
  client_secret: string;
}

/** An answer with a status that the caller does not expect. */
export class UnexpectedAnswer extends Error {
  constructor(
    what: string,
    readonly status: number,
    readonly body: unknown,
  ) {
    super(`${what}: status ${status}: ${JSON.stringify(body)}`);
  }
}

/** A session of the portal's JSON API. */
export class PortalSession {
  private constructor(
    private readonly portal: string,
    readonly token: string,
  ) {}

  /** Signs up a developer with a unique name and signs in. */
  static async newDeveloper(portal: string): Promise<PortalSession> {
    const email = `developer-${Date.now()}-${Math.floor(Math.random() * 1e6)}@example.org`;
    const password = 'correct horse battery';
    await call(portal, 'POST', '/api/developers', {
      name: 'Journey Developer',
      organization: 'Journey Apps',
      email,
      password,
    });
    return PortalSession.signIn(portal, email, password);
  }

  static async signIn(portal: string, email: string, password: string): Promise<PortalSession> {
    const { token } = (await call(portal, 'POST', '/api/sessions', { email, password })) as { token: string };
    return new PortalSession(portal, token);
  }

  /** @throws UnexpectedAnswer for any status of 400 and above */
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    return call(this.portal, method, path, body, this.token) as Promise<Record<string, unknown>>;
  }

  async createApp(plan: Plan | undefined, metadata: Record<string, unknown>): Promise<Credentials> {
    const app = (await this.call('POST', '/api/apps', metadata)) as unknown as Credentials;
    if (plan) await this.call('PUT', `/api/apps/${app.client_id}/subscription`, { plan });
    return app;
  }
}

async function call(
  portal: string,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<unknown> {
  const response = await fetch(`${portal}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let answer: unknown = text;
  try {
    answer = JSON.parse(text);
  } catch {
    // The answer stays text.
  }
  if (!response.ok) throw new UnexpectedAnswer(`${method} ${path}`, response.status, answer);
  return answer;
}
