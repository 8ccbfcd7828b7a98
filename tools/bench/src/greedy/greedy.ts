import { fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { App, localMembers } from '@payer/journey';
import { member, redirect_uris, startFloor, type BenchSystem } from '../environment.js';
import { requestsOf } from '../fhir-requests.js';
import { quantiles } from '../quantiles.js';
import type { GreedyAnswers, GreedyLoad } from './greedy-load.js';
import { greedyKinds, type GreedyMeans } from './kinds.js';
import { latenciesOf, type Other } from './others.js';

/** Milliseconds for the greedy app to reach its full effect, and for the system to recover from it. */
const warmUp = 500;

export interface GreedyOptions {
  rounds: number;
  /** Seconds of each measurement; a round has two measurements. */
  seconds: number;
  /** Only kinds with this text in their name. */
  kind: string;
}

export interface GreedyFigures {
  greedy: string;
  what: string;
  /** Milliseconds; of all measurements without a greedy app in this run. */
  p99Alone: number;
  /** Milliseconds; of all rounds of this kind. */
  p99Beside: number;
  /** `p99Beside` divided by `p99Alone`. */
  times: number;
  /** `times`, divided by that of the bare handler. */
  timesOfFloor: number;
  /** The greedy app's answers by status. */
  answers: GreedyAnswers;
}

/**
 * Measures the p99 of other apps' requests, alternately alone and beside a greedy app. One process of
 * fhir-api serves all apps. The last of the others is a bare handler in its own process, without requests of
 * the greedy app. Its ratio shows the effect of the shared machine, because the greedy app's client uses the
 * processors, too.
 *
 * The measurements of all rounds are one sample: the p99 of a single round is its slowest answer.
 */
export async function greedy(
  bench: BenchSystem,
  { rounds, seconds, kind }: GreedyOptions,
  say: (line: string) => void,
): Promise<GreedyFigures[]> {
  const floor = await startFloor(bench, [
    {
      path: '/0',
      many: false,
      text: 'SELECT body FROM member_resource WHERE patient = $1 AND type = $2 AND id = $3',
      values: [[member.patient, 'Patient', member.patient]],
    },
  ]);
  const others = [...(await otherApps(bench)), { what: 'floor', url: `${floor.url}/0/0`, accessToken: '' }];
  const alone: number[][] = others.map(() => []);
  const measured: { name: string; beside: number[][]; answers: GreedyAnswers }[] = [];
  try {
    await latenciesOf(others, 2);
    for (const { name, load } of greedyKinds.filter((each) => each.name.includes(kind))) {
      // A new app for each kind, so that earlier load does not count against it.
      const means = await greedyMeans(bench);
      const comparison = await compare(others, load(means), rounds, seconds);
      for (const [place, latencies] of comparison.alone.entries()) alone[place]!.push(...latencies);
      const { beside, answers } = comparison;
      measured.push({ name, beside, answers });
      const line = others.map(({ what }, place) => {
        const [before, after] = [comparison.alone, beside].map((sample) => p99(sample[place]!).toFixed(1));
        return `${what} ${before} → ${after}`;
      });
      say(`${name} ${JSON.stringify(answers)}: p99 ${line.join(', ')} ms`);
    }
  } finally {
    floor.stop();
  }
  return measured.flatMap(({ name, beside, answers }) => {
    const times = (place: number) => p99(beside[place]!) / p99(alone[place]!);
    return others.map(({ what }, place) => ({
      greedy: name,
      what,
      p99Alone: p99(alone[place]!),
      p99Beside: p99(beside[place]!),
      times: times(place),
      timesOfFloor: times(place) / times(others.length - 1),
      answers,
    }));
  });
}

const p99 = (latencies: readonly number[]) => quantiles(latencies).p99;

/** A member's read and search and a directory search in the sandbox, and a member's read in production. */
async function otherApps(bench: BenchSystem): Promise<Other[]> {
  const requests = await requestsOf(bench, bench.system.databaseUrl('fhir_sandbox'));
  const [read, search, , directory] = requests;
  const credentials = await bench.developer.createApp('patient-access', {
    client_name: 'Live',
    redirect_uris,
  });
  const path = `/api/apps/${credentials.client_id}/production-request`;
  const { id } = await bench.developer.call('POST', path, {});
  await bench.platform.call('POST', `/api/production-requests/${String(id)}/approve`, {});
  const live = new App(bench.addresses, 'production', credentials);
  const [productionMember] = localMembers.production;
  const { access_token, patient } = await live.connect(productionMember);
  return [
    { what: 'read', url: read!.url, accessToken: read!.accessToken },
    { what: 'search', url: search!.url, accessToken: search!.accessToken },
    { what: 'directory search', url: directory!.url, accessToken: directory!.accessToken },
    {
      what: 'production read',
      url: `${live.fhirBase}/Patient/${patient}`,
      accessToken: access_token,
    },
  ];
}

async function greedyMeans(bench: BenchSystem): Promise<GreedyMeans> {
  const { developer, addresses } = bench;
  const health = await developer.createApp('patient-access', { client_name: 'Greedy', redirect_uris });
  const finder = await developer.createApp('provider-directory', { client_name: 'Greedy' });
  const app = new App(addresses, 'sandbox', finder);
  const directory = (await app.clientCredentials()).body.access_token;
  const found = await app.fhir(directory, '/Practitioner?_count=1');
  const [first] = found.body.entry as { resource: { id: string } }[];
  return {
    base: app.fhirBase,
    tokenEndpoint: `${app.issuer}/token`,
    practitioner: first!.resource.id,
    member: (await new App(addresses, 'sandbox', health).connect(member)).access_token,
    directory,
    credentials: `${finder.client_id}:${finder.client_secret}`,
  };
}

interface Comparison {
  /** Milliseconds by other app, of all rounds. */
  alone: number[][];
  beside: number[][];
  answers: GreedyAnswers;
}

/** @throws Error when the greedy requests fail, because such requests are no load */
async function compare(
  others: readonly Other[],
  load: GreedyLoad,
  rounds: number,
  seconds: number,
): Promise<Comparison> {
  const comparison: Comparison = { alone: others.map(() => []), beside: others.map(() => []), answers: {} };
  const measure = async (into: number[][]) => {
    for (const [place, latencies] of (await latenciesOf(others, seconds)).entries())
      into[place]!.push(...latencies);
  };
  for (let round = 0; round < rounds; round++) {
    await measure(comparison.alone);
    const app = await startGreedy(load);
    try {
      await latenciesOf(others, warmUp / 1000);
      await measure(comparison.beside);
      for (const [status, number] of Object.entries(await app.answers()))
        comparison.answers[Number(status)] = (comparison.answers[Number(status)] ?? 0) + number;
    } finally {
      app.stop();
    }
    await pause(warmUp);
  }
  const failed = comparison.answers[404];
  if (failed) throw new Error(`${failed} requests to ${load.url} were answered with 404`);
  return comparison;
}

/**
 * Runs in its own process, so that handling its answers does not delay the others' requests, and at the
 * lowest priority: a greedy client runs on another machine, and must not take the processors of the server
 * here.
 */
async function startGreedy(load: GreedyLoad): Promise<{ answers(): Promise<GreedyAnswers>; stop(): void }> {
  const child = fork(fileURLToPath(new URL('greedy-load.js', import.meta.url)), [JSON.stringify(load)]);
  setPriority(child.pid!, constants.priority.PRIORITY_LOW);
  // The start of a process takes processor time that is not part of the measurement.
  await once(child, 'message');
  return {
    answers: () =>
      new Promise((resolve) => {
        child.once('message', (message) => resolve(message as GreedyAnswers));
        child.send('answers');
      }),
    stop: () => child.disconnect(),
  };
}
