import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { GrantState } from '@payer/smart';
import {
  FactDatabase,
  propertyParameters,
  SimulatedNetwork,
  stepsOf,
  turns,
  type Backup,
  type OpenTransaction,
} from '@payer/testing';
import fc from 'fast-check';
import { FactFeed } from './fact-feed.js';
import type { FactPosition } from './fact-position.js';

const keys = ['a', 'b', 'c', 'd', 'e'];
const interval = 1000;
const silent = { log() {}, warn() {}, error() {} };

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** An owner with numbered facts, and a reader of its feed that may keep its position between processes. */
class Simulation {
  private readonly database = new FactDatabase('consent', () => performance.now(), 2);
  private readonly open: { transaction: OpenTransaction; version: number }[] = [];
  private backup: Backup = this.database.backup();
  /** The committed and acknowledged versions (the journal), with the times of their commits. */
  private readonly committed = new Map<string, { version: number; at: number }>();
  private versions = 0;
  /** Versions that the reader has applied. A reader that keeps no position starts with none. */
  private known = new Map<string, number>();
  private position: FactPosition | undefined;
  private feed: FactFeed<'consent'>;

  constructor(
    readonly network: SimulatedNetwork<'consent'>,
    private readonly keepsPosition: boolean,
  ) {
    this.feed = this.start();
  }

  stop(): void {
    void this.feed.stop();
  }

  begin(key: string): void {
    const version = (this.versions += 1);
    const transaction = this.database.begin(key, fact(key, version));
    if (transaction) this.open.push({ transaction, version });
  }

  finish(index: number, commits: boolean): void {
    const [finished] = this.open.splice(index % Math.max(1, this.open.length), 1);
    if (!finished) return;
    const { transaction, version } = finished;
    if (!commits) transaction.rollback();
    else if (transaction.commit()) this.committed.set(transaction.key, { version, at: performance.now() });
  }

  write(key: string): void {
    const before = this.open.length;
    this.begin(key);
    if (this.open.length > before) this.finish(before, true);
  }

  keepBackup(): void {
    this.backup = this.database.backup();
  }

  /** Restores a backup of the database, then adds the missing facts from the journal. */
  restore(): void {
    this.database.restore(this.backup);
    for (const [key, { version }] of this.committed) this.database.write(key, fact(key, version));
  }

  restart(): void {
    this.stop();
    if (!this.keepsPosition) this.known = new Map();
    this.feed = this.start();
  }

  async run(milliseconds: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(milliseconds);
    await turns();
  }

  /**
   * Facts unknown to the reader that were committed before the time of {@link FactFeed.age}. Must be empty.
   */
  get missing(): string[] {
    const { age } = this.feed;
    if (age === undefined) return [];
    const asOf = performance.now() - age * 1000;
    return [...this.committed]
      .filter(([key, { version, at }]) => at < asOf && (this.known.get(key) ?? 0) < version)
      .map(([key, { version, at }]) => `${key} (version ${version}, committed ${asOf - at} ms before)`);
  }

  /** Once the owner answers, the reader's knowledge is fresh and complete. */
  async calm(): Promise<void> {
    this.network.away.clear();
    while (this.open.length > 0) this.finish(0, true);
    for (let round = 0; round < 6; round += 1) {
      await this.network.pass(100);
      await this.run(interval);
    }
    await this.network.pass(100);
    expect(this.feed.age).toBeLessThanOrEqual((2 * interval) / 1000);
    expect(Object.fromEntries(this.known)).toEqual(
      Object.fromEntries([...this.committed].map(([key, { version }]) => [key, version])),
    );
  }

  private start(): FactFeed<'consent'> {
    const { known } = this;
    const feed = new FactFeed({
      owner: 'consent',
      url: 'http://consent',
      interval,
      apply: ({ grant_id, version }) => void known.set(grant_id, Math.max(version, known.get(grant_id) ?? 0)),
      ...(this.keepsPosition ? { positions: this.positions() } : {}),
      logger: silent,
      fetch: ((url: string) => this.fetch(url)) as typeof fetch,
    });
    feed.start();
    return feed;
  }

  private positions() {
    return {
      load: () => Promise.resolve(this.position),
      save: (_owner: string, position: FactPosition) => Promise.resolve(void (this.position = position)),
    };
  }

  private fetch(url: string): Promise<Response> {
    const query = Object.fromEntries(new URL(url).searchParams);
    return this.network.exchange('consent', () => this.database.answer(query));
  }
}

function fact(grantId: string, version: number): GrantState {
  const at = new Date(0).toISOString();
  return {
    grant_id: grantId,
    version,
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
}

const step = stepsOf<Simulation>();
const key = fc.constantFrom(...keys);
const index = fc.nat(4);
const nothing = fc.constant(null);
const scenario = fc.array(
  fc.oneof(
    step(3, 'begin', key, (s, name) => s.begin(name)),
    step(3, 'commit', index, (s, which) => s.finish(which, true)),
    step(1, 'roll back', index, (s, which) => s.finish(which, false)),
    step(4, 'write', key, (s, name) => s.write(name)),
    step(9, 'pass', fc.integer({ min: 1, max: 4 }), (s, messages) => s.network.pass(messages)),
    step(6, 'run', fc.integer({ min: 1, max: 3000 }), (s, milliseconds) => s.run(milliseconds)),
    step(1, 'away', nothing, (s) => s.network.away.add('consent')),
    step(2, 'back', nothing, (s) => s.network.away.clear()),
    step(1, 'backup', nothing, (s) => s.keepBackup()),
    step(1, 'restore', nothing, (s) => s.restore()),
    step(1, 'restart', nothing, (s) => s.restart()),
  ),
  { minLength: 5, maxLength: 80, size: 'max' },
);

it.each([
  ['forgets its position', false],
  ['keeps its position', true],
])(
  'what a reader that %s calls known at its age is known, whatever was late, lost or restored',
  async (_, keeps) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), scenario, async (scheduler, steps) => {
        const simulation = new Simulation(new SimulatedNetwork(scheduler), keeps);
        try {
          for (const act of steps) {
            await act(simulation);
            await turns();
            expect(simulation.missing).toEqual([]);
          }
          await simulation.calm();
        } finally {
          simulation.stop();
        }
      }),
      propertyParameters(150),
    );
  },
  120_000,
);
