import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  factsPath,
  type AppState,
  type FactOwner,
  type GrantState,
  type TokenRevocation,
} from '@payer/smart';
import { answerClaims, type AnswerClaims } from './answer-claims.js';

const owners: readonly FactOwner[] = ['registration', 'consent', 'auth-server'];

/**
 * Plays the three services that own facts: their feeds, and consent's answer about one grant. Each owner's
 * address is `<url>/<owner>`.
 */
export class OwnersDouble {
  /** Owners that do not answer. */
  readonly away = new Set<FactOwner>();
  /** Names of the databases. Another name means another database. */
  readonly identities: Record<FactOwner, string> = { registration: 'r1', consent: 'c1', 'auth-server': 'a1' };
  /** Seconds since consent's database was restored. */
  restoredSecondsAgo: number | null = null;
  /** Grants that consent does not know. */
  readonly unknownGrants = new Set<string>();
  /** Paths of the single grants that services have asked consent about. */
  readonly asked: string[] = [];
  /** The `sub` of the members whose sessions consent was to end. */
  readonly signedOut: string[] = [];
  url = '';
  private readonly facts: Record<FactOwner, { changedBy: number; fact: unknown }[]> = {
    registration: [],
    consent: [],
    'auth-server': [],
  };
  private transactions = 0;
  private server: Server | undefined;

  /** @param sign as an owner signs its answers (`ServiceIdentity.signAnswer`) */
  constructor(private readonly sign: (owner: FactOwner, claims: AnswerClaims) => Promise<string>) {}

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      const owner = owners.find((name) => request.url?.startsWith(`/${name}/`));
      if (!owner || this.away.has(owner)) return void request.socket.destroy();
      if (audienceOf(request) !== owner) return void response.writeHead(401).end();
      void this.respond(owner, request).then(({ body, signature }) =>
        response
          .setHeader('content-type', 'application/json')
          .setHeader('answer-signature', signature)
          .end(body),
      );
    });
    await new Promise<void>((resolve) => this.server!.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
  }

  /** Variables that point a service at these owners. */
  get variables(): Record<string, string> {
    return {
      AUTH_SERVER_INTERNAL_URL: `${this.url}/auth-server`,
      REGISTRATION_INTERNAL_URL: `${this.url}/registration`,
      CONSENT_INTERNAL_URL: `${this.url}/consent`,
      FACTS_INTERVAL_MS: '100',
    };
  }

  commitApp(app: AppState): void {
    this.commit('registration', app);
  }

  commitGrant(grant: GrantState): void {
    this.commit('consent', grant);
  }

  commitRevocation(revocation: TokenRevocation): void {
    this.commit('auth-server', revocation);
  }

  /** Replaces the owner's database by another one, which has only these facts. */
  replaceDatabase(owner: FactOwner, facts: readonly unknown[]): void {
    this.identities[owner] += '+';
    this.facts[owner] = [];
    for (const fact of facts) this.commit(owner, fact);
  }

  private commit(owner: FactOwner, fact: unknown): void {
    this.facts[owner].push({ changedBy: (this.transactions += 1), fact });
  }

  private async respond(owner: FactOwner, request: IncomingMessage) {
    let asked = '';
    for await (const chunk of request) asked += String(chunk);
    const body = JSON.stringify(this.answer(owner, request, asked));
    return { body, signature: await this.sign(owner, answerClaims(request, asked, 200, body)) };
  }

  private answer(owner: FactOwner, request: IncomingMessage, asked: string): unknown {
    const { pathname, searchParams } = new URL(request.url!, this.url);
    if (pathname.endsWith('/internal/members/signed-out'))
      return this.signedOut.push((JSON.parse(asked) as { sub: string }).sub);
    if (request.method === 'POST') return this.liveGrants(asked);
    if (pathname !== `/${owner}${factsPath}`) return this.grant(pathname);
    const after = Number(searchParams.get('after') ?? 0);
    return {
      identity: this.identities[owner],
      restored_seconds_ago: owner === 'consent' ? this.restoredSecondsAgo : null,
      cursor: String(this.transactions + 1),
      next: null,
      facts: this.facts[owner].filter(({ changedBy }) => changedBy >= after).map(({ fact }) => fact),
    };
  }

  private liveGrants(body: string): unknown {
    const { grant_ids } = JSON.parse(body) as { grant_ids: string[] };
    return { live: grant_ids.filter((id) => !this.unknownGrants.has(id)) };
  }

  private grant(pathname: string): unknown {
    this.asked.push(pathname);
    const grantId = pathname.split('/').at(-1)!;
    return {
      grant_id: grantId,
      status: this.unknownGrants.has(grantId) ? 'revoked' : 'active',
      expires_at: new Date(Date.now() + 60_000).toISOString(),
    };
  }
}

/** The recipient in the token of a request. Tests with the real services check the signature. */
function audienceOf({ headers }: IncomingMessage): unknown {
  const payload = headers.authorization?.match(/^Bearer [\w-]+\.([\w-]+)\.[\w-]+$/)?.[1];
  if (payload === undefined) return undefined;
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud?: unknown }).aud;
}
