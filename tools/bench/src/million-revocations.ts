import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { App } from '@payer/journey';
import { createPublisher, localSigner, type EventPublisher } from '@payer/events';
import { cloudEvent, type CloudEvent } from '@payer/smart';
import { member, query, redirect_uris, residentMemory, type BenchSystem } from './environment.js';
import { startFhirApi, type FhirApiProcess } from './fhir-api-process.js';
import { measure, median } from './load-generator.js';

const million = 1_000_000;
const rounds = 16;
/** Rounds before, in which both processes compile what is hot. */
const warmUp = 4;
const seconds = 2;
const connections = 64;

export interface MillionRevocations {
  /** Of throughput, and of processor time per request; negative when there was more with the revocations than without. */
  lost: number;
  processorTimeAdded: number;
  bytesEach: number;
  /** The same two processes before: how far this is from 1 says how far to trust the rest. */
  rateBefore: number;
  costBefore: number;
}

/**
 * What a million live revocations cost: two processes of fhir-api that differ in nothing else are measured in turn, before one of
 * them hears of the revocations and after. What the machine does meanwhile falls on both; what sets the two apart from the
 * beginning is divided out.
 */
export async function millionRevocations(
  bench: BenchSystem,
  say: (line: string) => void,
): Promise<MillionRevocations> {
  const credentials = await bench.developer.createApp('patient-access', {
    client_name: 'Bench',
    redirect_uris,
  });
  const app = new App(bench.addresses, 'sandbox', credentials);
  const { access_token: token } = await app.connect(member);
  const without = await Twin.start(bench, 'events_without');
  const having = await Twin.start(bench, 'events_with');
  try {
    const compare = async () => {
      const shares = { rate: [] as number[], cost: [] as number[] };
      for (let round = 0; round < warmUp; round++)
        for (const twin of [without, having]) await twin.measure(app, token);
      for (let round = 0; round < rounds; round++) {
        // In turn, and each first as often as the other.
        const order = round % 2 === 0 ? [without, having] : [having, without];
        const measured = new Map<Twin, Awaited<ReturnType<Twin['measure']>>>();
        for (const twin of order) measured.set(twin, await twin.measure(app, token));
        shares.rate.push(measured.get(having)!.rate / measured.get(without)!.rate);
        shares.cost.push(measured.get(having)!.cost / measured.get(without)!.cost);
      }
      return { rate: median(shares.rate), cost: median(shares.cost) };
    };
    say('comparing two processes that know nothing …');
    const before = await compare();
    const memoryBefore = residentMemory(having.pid).now;
    say('telling one of them a million revocations …');
    await having.hearOfMany(million);
    await pause(10_000);
    say('comparing again …');
    const after = await compare();
    return {
      lost: 1 - after.rate / before.rate,
      processorTimeAdded: after.cost / before.cost - 1,
      bytesEach: ((residentMemory(having.pid).now - memoryBefore) * 1024 * 1024) / million,
      rateBefore: before.rate,
      costBefore: before.cost,
    };
  } finally {
    await Promise.all([without.stop(), having.stop()]);
  }
}

/** A process of fhir-api with an event log of its own; it knows the apps from the feed of registration. */
class Twin {
  private constructor(
    private readonly process: FhirApiProcess,
    private readonly publisher: EventPublisher,
  ) {}

  static async start(bench: BenchSystem, database: string): Promise<Twin> {
    await query(bench.system.databaseUrl('postgres'), `CREATE DATABASE ${database}`);
    const url = bench.system.databaseUrl(database);
    const publisher = await createPublisher(
      { EVENT_TRANSPORT: 'postgres', EVENTS_DATABASE_URL: url },
      localSigner,
    );
    const fhirApi = await startFhirApi(bench, { EVENTS_DATABASE_URL: url, REVOCATION_MAX_STALENESS: '300' });
    return new Twin(fhirApi, publisher);
  }

  get pid(): number {
    return this.process.pid;
  }

  /** @returns requests per second, and seconds of processor time per request */
  async measure(app: App, token: string): Promise<{ rate: number; cost: number }> {
    const target = this.process.target(`${app.fhirBase}/Patient/${member.patient}`, token);
    const before = processorTime(this.pid);
    const { requestsPerSecond: rate } = await measure(target, seconds, connections);
    return { rate, cost: (processorTime(this.pid) - before) / (rate * seconds) };
  }

  async hearOfMany(count: number): Promise<void> {
    for (let told = 0; told < count; told += 2000)
      await this.publisher.publishEvents(Array.from({ length: 2000 }, revocation));
    while ((await this.known()) < count) await pause(200);
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await this.publisher.close();
  }

  private async known(): Promise<number> {
    const answer = await fetch(`${this.process.url}/health/ready`);
    const { details } = (await answer.json()) as { details: { revocations: { known: number } } };
    return details.revocations.known;
  }
}

/** A token that nobody has, revoked now. */
export function revokedToken(id: string) {
  return {
    id,
    version: 1,
    environment: 'sandbox' as const,
    client_id: 'bench',
    jti: id,
    grant_id: null,
    issued_before: null,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    reason: 'app' as const,
    ends_grant: false,
  };
}

function revocation(): CloudEvent {
  return cloudEvent('token-revoked', revokedToken(randomUUID()), { id: randomUUID(), time: new Date() });
}

/** Seconds of processor time of a process so far, to a hundredth (Linux). */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}
