import { vi } from 'vitest';
import { factsPath, type AppState, type FactOwner, type GrantState } from '@payer/smart';
import {
  FactDatabase,
  turns,
  type Backup,
  type OpenTransaction,
  type SimulatedNetwork,
} from '@payer/testing';
import type { Config } from '../../config.js';
import { appState, revokedGrant, revokedToken } from './events.js';
import { ownersHost, SimulatedReplica, type LoggedFact } from './simulated-replica.js';
import { requestOf, token, type SimulatedToken } from './simulated-token.js';

export const owners = ['registration', 'consent', 'auth-server'] as const;
/** Seconds (REVOCATION_MAX_STALENESS). */
export const bound = 10;
const interval = 1000;

/** The kinds of revocation. */
export const ends = ['grant', 'grant-by-auth-server', 'token', 'suspension', 'deletion'] as const;
export type End = (typeof ends)[number];

/**
 * Simulates owners, log, network and clocks. The replicas of fhir-api run the real gateway, feeds and
 * revocations. Vitest's fake timers are the clocks of the replicas. True time continues while a machine is
 * suspended.
 */
export class Simulation {
  readonly tokens: SimulatedToken[];
  readonly databases = {} as Record<FactOwner, FactDatabase>;
  /** Violations of the rules, in the order in which they happened. */
  readonly problems: string[] = [];
  private readonly backups = {} as Record<FactOwner, Backup>;
  private readonly journals = {} as Record<FactOwner, Map<string, unknown>>;
  private readonly open: {
    owner: FactOwner;
    transaction: OpenTransaction;
    fact: unknown;
    hit: SimulatedToken[];
  }[] = [];
  private readonly log: LoggedFact[] = [];
  private readonly replicas: SimulatedReplica[];
  private suspended = 0;
  private readonly fetchBefore = globalThis.fetch;

  constructor(
    readonly network: SimulatedNetwork<FactOwner>,
    replicas = 2,
  ) {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    });
    for (const owner of owners) {
      this.databases[owner] = new FactDatabase(owner, () => this.now, 2);
      this.journals[owner] = new Map();
    }
    this.write('registration', 'patientapp', appState('patientapp'));
    this.write('registration', 'other', appState('other'));
    this.write('registration', 'directoryapp', appState('directoryapp', { plan: 'provider-directory' }));
    for (const owner of owners) this.backups[owner] = this.databases[owner].backup();
    this.tokens = [
      token('patientapp', 'g1', 't1'),
      token('patientapp', 'g1', 't2'),
      token('patientapp', 'g2', 't3'),
      token('other', 'g3', 't4'),
      token('directoryapp', undefined, 't5'),
    ];
    globalThis.fetch = ((url: string) => this.fetch(url)) as typeof fetch;
    this.replicas = Array.from({ length: replicas }, () => this.newReplica());
  }

  /** True time in milliseconds. */
  get now(): number {
    return performance.now() + this.suspended;
  }

  close(): void {
    for (const { facts } of this.replicas) void facts.stop();
    globalThis.fetch = this.fetchBefore;
    vi.useRealTimers();
  }

  /** Writes a revocation or another change of an app. It takes effect when its transaction commits. */
  begin(end: End | 'change', index: number): void {
    const { owner, key, fact, hit } = this.changeOf(end, this.tokens[index % this.tokens.length]!);
    const transaction = fact === undefined ? undefined : this.databases[owner].begin(key, fact);
    if (transaction) this.open.push({ owner, transaction, fact, hit });
  }

  /** Writes and commits a revocation or another change at once. */
  change(end: End | 'change', index: number): void {
    const before = this.open.length;
    this.begin(end, index);
    if (this.open.length > before) this.finish(before, true);
  }

  finish(index: number, commits: boolean): void {
    const [finished] = this.open.splice(index % Math.max(1, this.open.length), 1);
    if (!finished) return;
    const { owner, transaction, fact, hit } = finished;
    if (!commits) return transaction.rollback();
    if (!transaction.commit()) return;
    this.record(owner, transaction.key, fact);
    for (const each of hit) each.endedAt ??= this.now;
  }

  backup(owner: FactOwner): void {
    this.backups[owner] = this.databases[owner].backup();
  }

  /**
   * Restores the owner's database from a backup and applies its journal, with versions above all published
   * versions.
   */
  restore(owner: FactOwner): void {
    const database = this.databases[owner];
    database.restore(this.backups[owner]);
    for (const [key, fact] of this.journals[owner]) {
      const again = owner === 'registration' ? raised(fact as AppState) : fact;
      this.write(owner, key, again);
    }
  }

  /** Replaces a replica by a new one without any facts. */
  restart(index: number): void {
    const at = index % this.replicas.length;
    void this.replicas[at]!.facts.stop();
    this.replicas[at] = this.newReplica();
  }

  /** Delivers a logged fact to a replica: an old fact, a repeated one, or none. */
  deliver(index: number, replica: number): void {
    const logged = this.log[index % Math.max(1, this.log.length)];
    if (logged) this.replicas[replica % this.replicas.length]!.apply(logged);
  }

  /**
   * @param waits whether the answer takes time to make
   * @returns whether data was sent
   */
  async request(index: number, replica: number, waits = true): Promise<boolean> {
    const process = this.replicas[replica % this.replicas.length]!;
    const { server } = process;
    const asked = this.tokens[index % this.tokens.length]!;
    const request = requestOf(asked, waits);
    // Same order as registerFhirRoutes: the answer is made, encoded, released and sent.
    const prepared = await server.answer(request);
    if (waits) await this.network.wait(`the answer for ${asked.claims.jti} is encoded`);
    const { status } = await server.release(request, prepared);
    // A replaced process sends nothing.
    if (!this.replicas.includes(process)) return false;
    if (status !== 200) {
      if (![401, 503].includes(status)) this.problems.push(`${asked.claims.jti} was answered ${status}`);
      return false;
    }
    const late = asked.endedAt === undefined ? 0 : this.now - asked.endedAt;
    if (late > bound * 1000) this.problems.push(`${asked.claims.jti} was served ${late} ms after its end`);
    return true;
  }

  /** Sends every token to every replica. Requests that need not wait are answered at once. */
  async probe(): Promise<void> {
    for (let replica = 0; replica < this.replicas.length; replica += 1)
      for (let index = 0; index < this.tokens.length; index += 1) this.ask(index, replica, false);
    await turns();
  }

  /** Same as {@link request}, without waiting for the answer. */
  ask(index: number, replica: number, waits: boolean): void {
    this.request(index, replica, waits).catch((error: Error) => this.problems.push(error.stack!));
  }

  /** Advances the time while processes run. */
  async run(milliseconds: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(milliseconds);
    await this.probe();
  }

  /** Stops and continues the processes. Their clocks have advanced meanwhile. */
  async stop(milliseconds: number): Promise<void> {
    vi.advanceTimersByTime(milliseconds);
    await this.probe();
  }

  /** Suspends the machine. Its monotonic clock stands still. */
  async suspend(milliseconds: number): Promise<void> {
    this.suspended += milliseconds;
    vi.setSystemTime(Date.now() + milliseconds);
    await this.probe();
  }

  /** Sets the clock of the replicas' machine. The clock is read before any other event. */
  async setClock(milliseconds: number): Promise<void> {
    vi.setSystemTime(Date.now() + milliseconds);
    await this.probe();
  }

  /** Ends all faults and delivers everything that is under way. */
  async calm(): Promise<void> {
    this.network.away.clear();
    while (this.open.length > 0) this.finish(0, true);
    for (let round = 0; round < 8; round += 1) {
      await this.network.pass(200);
      await this.run(interval);
    }
    await this.network.pass(200);
  }

  get replicaCount(): number {
    return this.replicas.length;
  }

  /** Differences between the apps of the replicas and of registration. Empty once every event has arrived. */
  get differences(): string[] {
    return this.databases.registration.keys.flatMap((clientId) => {
      const { version, status } = this.databases.registration.get(clientId) as AppState;
      return this.replicas
        .map(({ apps }) => apps.find(clientId))
        .filter((known) => known?.version !== version || known.status !== status)
        .map(
          (known) =>
            `${clientId} is ${known?.status} in version ${known?.version}, not ${status} in ${version}`,
        );
    });
  }

  private changeOf(end: End | 'change', of: SimulatedToken) {
    const { client_id: clientId, grant_id: grantId, jti } = of.claims;
    const app = this.databases.registration.get(clientId) as AppState;
    const at = new Date(Date.now()).toISOString();
    const changed = (changes: Partial<AppState>) => ({
      owner: 'registration' as const,
      key: clientId,
      fact: app.status === 'deleted' ? undefined : { ...app, version: app.version + 1, ...changes },
      hit: changes.tokens_valid_from ? this.tokens.filter(({ claims }) => claims.client_id === clientId) : [],
    });
    switch (end) {
      case 'suspension':
        return changed({ status: 'suspended', environments: [], tokens_valid_from: at });
      case 'deletion':
        return changed({ status: 'deleted', environments: [], tokens_valid_from: at });
      case 'change':
        // A reinstated app, whose old tokens stay refused.
        return changed({ status: 'active', environments: ['sandbox'] });
      case 'token':
        return { owner: 'auth-server' as const, key: jti, fact: revokedToken(jti), hit: [of] };
      default: {
        const hit = this.tokens.filter(({ claims }) => grantId !== undefined && claims.grant_id === grantId);
        if (grantId === undefined) return { owner: 'consent' as const, key: '', fact: undefined, hit };
        if (end === 'grant')
          return { owner: 'consent' as const, key: grantId, fact: revokedGrant(grantId, 'one'), hit };
        const revocation = { ...revokedToken(grantId), jti: null, grant_id: grantId, ends_grant: true };
        return { owner: 'auth-server' as const, key: grantId, fact: revocation, hit };
      }
    }
  }

  private write(owner: FactOwner, key: string, fact: unknown): void {
    this.databases[owner].write(key, fact);
    this.record(owner, key, fact);
  }

  private record(owner: FactOwner, key: string, fact: unknown): void {
    this.journals[owner].set(key, fact);
    this.log.push({ type: owner === 'registration' ? 'app' : owner === 'consent' ? 'grant' : 'token', fact });
  }

  private fetch(url: string): Promise<Response> {
    const { pathname, searchParams } = new URL(url);
    const owner = owners.find((name) => pathname.startsWith(`/${name}/`))!;
    return this.network.exchange(owner, () =>
      pathname.endsWith(factsPath)
        ? this.databases[owner].answer(Object.fromEntries(searchParams))
        : this.grant(pathname.split('/').at(-1)!),
    );
  }

  private grant(grantId: string) {
    const ended = this.databases.consent.get(grantId) as GrantState | undefined;
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    return { status: ended ? 'revoked' : 'active', expires_at };
  }

  private newReplica(): SimulatedReplica {
    const config = {
      REVOCATION_MAX_STALENESS: bound,
      FACTS_INTERVAL_MS: interval,
      ...Object.fromEntries(
        owners.map((owner) => [`${owner.toUpperCase().replace('-', '_')}_URL`, `${ownersHost}/${owner}`]),
      ),
    } as unknown as Config;
    return new SimulatedReplica(config, this.tokens, () => this.network.wait('the database answers'));
  }
}

function raised(app: AppState): AppState {
  return { ...app, version: app.version + 1000 };
}
