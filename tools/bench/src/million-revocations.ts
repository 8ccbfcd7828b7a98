import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { App } from '@payer/journey';
import { createPublisher, localSigner, type EventPublisher } from '@payer/events';
import { cloudEvent, type CloudEvent } from '@payer/smart';
import { processorTime, residentMemory } from '@payer/processes';
import { member, query, redirect_uris, type BenchSystem } from './environment.js';
import { startFhirApi, type FhirApiProcess } from './fhir-api-process.js';
import { measure, median } from './load-generator.js';

const million = 1_000_000;
const rounds = 16;
/** Warm-up rounds in which both processes compile their hot code. */
const warmUp = 4;
const seconds = 2;
const connections = 64;

export interface MillionRevocations {
  /**
   * Loss of throughput, and increase of processor time per request. Negative when the process with the
   * revocations did better.
   */
  lost: number;
  processorTimeAdded: number;
  bytesEach: number;
  /**
   * Ratios of the same two processes before the revocations. Their distance from 1 shows the precision of the
   * result.
   */
  rateBefore: number;
  costBefore: number;
}

/**
 * Measures the cost of a million live revocations. Compares two otherwise equal processes of fhir-api
 * alternately, before and after one of them receives the revocations. Disturbances of the machine affect
 * both. A constant difference between the two is divided out.
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
        // Alternates the order, so that each process is first equally often.
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

/** A process of fhir-api with its own event log; it knows the apps from the feed of registration. */
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
    return { rate, cost: (processorTime(this.pid) - before) / 1000 / (rate * seconds) };
  }

  async hearOfMany(count: number): Promise<void> {
    for (let published = 0; published < count; published += 2000)
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

/** A revocation, as of now, of a token that no app holds. */
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
