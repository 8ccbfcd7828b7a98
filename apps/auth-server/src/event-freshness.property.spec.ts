import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FactFeed, FactFeeds } from '@payer/events';
import { FactDatabase, propertyParameters, SimulatedNetwork, stepsOf, turns } from '@payer/testing';
import fc from 'fast-check';
import { EventFreshness } from './event-freshness.js';

/** Seconds (REVOCATION_MAX_STALENESS). */
const bound = 10;
const interval = 1000;
const owners = ['registration', 'consent'] as const;
const grants = ['g1', 'g2', 'g3', 'g4', 'g5', 'g6'];
const silent = { log() {}, warn() {}, error() {} };

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/**
 * The owners that auth-server depends on, a log that may be unavailable, and token requests for revoked
 * grants.
 */
class Simulation {
  readonly problems: string[] = [];
  isLogAway = false;
  private readonly databases = {
    registration: new FactDatabase('registration', () => performance.now(), 2),
    consent: new FactDatabase('consent', () => performance.now(), 2),
  };
  /** When consent revoked the grant, or registration suspended its app. */
  private readonly endedAt = new Map<string, number>();
  private readonly known = new Set<string>();
  private readonly underWay = new Set<string>();
  private readonly feeds = new FactFeeds(
    owners.map((owner) => this.feedOf(owner)),
    bound,
  );
  private readonly freshness = new EventFreshness(
    { waitUntilCaughtUp: () => this.waitUntilCaughtUp() },
    this.feeds,
  );

  constructor(readonly network: SimulatedNetwork<(typeof owners)[number]>) {
    this.feeds.start();
  }

  stop(): void {
    void this.feeds.stop();
  }

  /** Revokes a grant at consent, or its app at registration. Prefers a grant with a token request. */
  end(owner: (typeof owners)[number], index: number): void {
    const asked = [...this.underWay];
    const grant = asked[index % asked.length] ?? grants[index % grants.length]!;
    const fact =
      owner === 'consent'
        ? { ...grantState, grant_id: grant }
        : { ...appState, client_id: grant, tokens_valid_from: new Date(0).toISOString() };
    this.databases[owner].write(grant, fact);
    if (!this.endedAt.has(grant)) this.endedAt.set(grant, performance.now());
  }

  /**
   * Decides as the token endpoint does: looks up the grant after reading the log, and then signs the token.
   */
  async token(grant: string): Promise<boolean> {
    const wait = (label: string) => this.network.wait(`${label} for ${grant}`);
    let isLive = false;
    const mayLeave = await this.freshness.decide(async () => {
      await this.freshness.catchUp();
      await wait('grant is looked up');
      isLive = !this.known.has(grant);
      await wait('token is signed');
    });
    if (!mayLeave || !isLive) return false;
    const late = performance.now() - (this.endedAt.get(grant) ?? Infinity);
    if (late > bound * 1000) this.problems.push(`a token of ${grant} was given ${late} ms after its end`);
    return true;
  }

  ask(grant: string): void {
    this.underWay.add(grant);
    void this.token(grant)
      .catch((error: Error) => this.problems.push(error.stack!))
      .finally(() => this.underWay.delete(grant));
  }

  async run(milliseconds: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(milliseconds);
    await turns();
  }

  /** Stops and continues the process. */
  async stand(milliseconds: number): Promise<void> {
    vi.advanceTimersByTime(milliseconds);
    await turns();
  }

  async calm(): Promise<void> {
    this.network.away.clear();
    for (let round = 0; round < 6; round += 1) {
      await this.network.pass(100);
      await this.run(interval);
    }
    for (const grant of grants) {
      const answer = this.token(grant);
      await this.network.pass(100);
      await this.run(5000);
      await this.network.pass(100);
      expect([grant, await answer]).toEqual([grant, !this.endedAt.has(grant)]);
    }
  }

  /** An available log delivers all events, which are applied like facts. */
  private async waitUntilCaughtUp(): Promise<boolean> {
    await this.network.wait('the log is read');
    if (this.isLogAway) return false;
    for (const owner of owners) for (const key of this.databases[owner].keys) this.known.add(key);
    return true;
  }

  private feedOf(owner: (typeof owners)[number]): FactFeed {
    const key = owner === 'consent' ? 'grant_id' : 'client_id';
    return new FactFeed({
      owner,
      url: `http://${owner}`,
      interval,
      apply: (fact) => void this.known.add((fact as unknown as Record<string, string>)[key]!),
      logger: silent,
      fetch: ((url: string) =>
        this.network.exchange(owner, () =>
          this.databases[owner].answer(Object.fromEntries(new URL(url).searchParams)),
        )) as typeof fetch,
    }) as unknown as FactFeed;
  }
}

const at = new Date(0).toISOString();
const grantState = {
  version: 2,
  environment: 'sandbox',
  sub: 'member',
  patient: 'one',
  client_id: 'app',
  scope: 'openid',
  status: 'revoked',
  created_at: at,
  expires_at: at,
  revoked_at: at,
  revoked_reason: 'member',
};
const appState = {
  version: 2,
  client_name: 'app',
  organization: 'Example',
  redirect_uris: ['https://client-app.example/redirect'],
  plan: 'patient-access',
  status: 'suspended',
  environments: [],
  require_pkce: false,
  secrets: [],
};

const step = stepsOf<Simulation>();
const grant = fc.constantFrom(...grants);
const owner = fc.constantFrom(...owners);
const duration = fc.oneof(
  fc.integer({ min: 1, max: 999 }),
  fc.integer({ min: 1, max: 1.3 * bound }).map((seconds) => seconds * 1000),
);
const scenario = fc.array(
  fc.oneof(
    step(3, 'end', fc.tuple(owner, fc.nat(11)), (s, [who, which]) => s.end(who, which)),
    step(8, 'ask', grant, (s, which) => s.ask(which)),
    step(12, 'pass', fc.integer({ min: 1, max: 3 }), (s, messages) => s.network.pass(messages)),
    step(5, 'run', duration, (s, milliseconds) => s.run(milliseconds)),
    step(4, 'stop', duration, (s, milliseconds) => s.stand(milliseconds)),
    step(2, 'away', owner, (s, name) => s.network.away.add(name)),
    step(2, 'back', owner, (s, name) => s.network.away.delete(name)),
    step(2, 'log', fc.boolean(), (s, isUp) => (s.isLogAway = !isUp)),
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

it('no token is given later than the bound after the end of its grant or app, and live grants get theirs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), scenario, async (scheduler, steps) => {
      const simulation = new Simulation(new SimulatedNetwork(scheduler));
      try {
        for (const act of steps) await act(simulation);
        await simulation.network.pass(20);
        expect(simulation.problems).toEqual([]);
        await simulation.calm();
        expect(simulation.problems).toEqual([]);
      } finally {
        simulation.stop();
      }
    }),
    propertyParameters(400),
  );
}, 120_000);
