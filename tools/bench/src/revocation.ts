import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from '@payer/journey';
import { startKafka, type RunningKafka } from '@payer/kafka';
import { freePort } from '@payer/postgres';
import { addAllToOutbox } from '@payer/events';
import { Client } from 'pg';
import { startBenchSystem, type BenchSystem } from './environment.js';
import { clickToRefusal, makeGrants, type ClickToRefusal } from './click-to-refusal.js';
import { millionRevocations, revokedToken } from './million-revocations.js';
import { quantiles, type Quantiles } from './quantiles.js';
import { table } from './table.js';

const grantCount = 1000;
/** Milliseconds between two clicks of a member: a person in a hurry, a script, and a machine at its limit. */
const rests = [1000, 100, 0];
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** All measurements of how fast revocations and approvals take effect. */
export async function revocation(transport: 'postgres' | 'kafka', say: (line: string) => void) {
  const directory = mkdtempSync(join(tmpdir(), 'payer-bench-kafka-'));
  let kafka: RunningKafka | undefined;
  if (transport === 'kafka')
    kafka = await startKafka({ port: await freePort(), dataDirectory: directory, log: say });
  const variables = {
    EVENT_TRANSPORT: transport,
    ...(kafka ? { KAFKA_BROKERS: kafka.brokers } : {}),
  };
  const bench = await startBenchSystem({ variables, postgresSettings: { track_commit_timestamp: 'on' } });
  try {
    say(`making ${rests.length * grantCount} grants …`);
    const { app, grants } = await makeGrants(bench, rests.length * grantCount);
    say('revoking them …');
    const series: { rest: number; hops: ClickToRefusal }[] = [];
    for (const rest of rests)
      series.push({ rest, hops: await clickToRefusal(bench, app, grants.splice(0, grantCount), rest) });
    const approvals = await approvalToProduction(bench);
    const events = await throughput(bench);
    // The memory model is the same under both transports.
    const memory = transport === 'postgres' ? await millionRevocations(bench, say) : undefined;
    const rows: [string, Quantiles][] = [
      ...series.flatMap(({ rest, hops }) =>
        Object.entries(hops)
          // Only the PostgreSQL log records the time at which it received an event.
          .filter(([, { p50 }]) => !Number.isNaN(p50))
          .map(([hop, figures]): [string, Quantiles] => [`${rest} ms between clicks: ${hop}`, figures]),
      ),
      ['approval to first production answer', approvals],
    ];
    process.stdout.write(
      table(
        [`over ${transport}, ms`, 'p50', 'p99', 'most'],
        rows.map(([what, { p50, p99, most }]) => [what, p50.toFixed(1), p99.toFixed(1), most.toFixed(1)]),
      ),
    );
    process.stdout.write(`events through outbox and transport: ${events.toFixed(0)} per second\n`);
    if (memory)
      process.stdout.write(
        `1,000,000 revocations in memory: throughput lost ${percent(memory.lost)} (reach ≤ 2 %), ` +
          `processor time per request added ${percent(memory.processorTimeAdded)}, ` +
          `${memory.bytesEach.toFixed(0)} bytes each (resident); ` +
          `before, the two processes differed by ${percent(memory.rateBefore - 1)} and ${percent(memory.costBefore - 1)}\n`,
      );
    process.stdout.write('\n');
    return {
      clickToRefusal: series,
      approvals,
      eventsPerSecond: events,
      memory,
    };
  } finally {
    await bench.stop();
    await kafka?.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

async function approvalToProduction(bench: BenchSystem) {
  const delays: number[] = [];
  for (let i = 0; i < 25; i++) {
    const credentials = await bench.developer.createApp('provider-directory', { client_name: 'Bench' });
    const path = `/api/apps/${credentials.client_id}/production-request`;
    const { id } = await bench.developer.call('POST', path, {});
    const app = new App(bench.addresses, 'production', credentials);
    const startedAt = performance.now();
    const approval = bench.platform.call('POST', `/api/production-requests/${String(id)}/approve`, {});
    for (;;) {
      const { status, body } = await app.clientCredentials();
      if (status === 200 && (await app.fhir(body.access_token, '/InsurancePlan?_count=1')).status === 200)
        break;
      await pause(2);
    }
    delays.push(performance.now() - startedAt);
    await approval;
  }
  return quantiles(delays);
}

/**
 * Events per second, written in transactions like consent's, a thousand at a time, until the FHIR API has
 * received all.
 */
async function throughput(bench: BenchSystem): Promise<number> {
  const client = new Client({ connectionString: bench.system.databaseUrl('consent') });
  await client.connect();
  const total = 20_000;
  const before = await known(bench);
  const startedAt = performance.now();
  for (let written = 0; written < total; written += 1000)
    await addAllToOutbox(
      { query: (sql, values) => client.query(sql, values) },
      'token-revoked',
      Array.from({ length: 1000 }, () => revokedToken(randomUUID())),
    );
  // A writer to an outbox notifies the relay after the commit; here the relay runs in another process.
  await client.query('NOTIFY outbox');
  while ((await known(bench)) < before + total) await pause(20);
  const seconds = (performance.now() - startedAt) / 1000;
  await client.end();
  return total / seconds;
}

async function known(bench: BenchSystem): Promise<number> {
  const answer = await fetch(`http://localhost:${bench.system.port('fhir-api')}/health/ready`);
  const { details } = (await answer.json()) as { details: { revocations: { known: number } } };
  return details.revocations.known;
}
