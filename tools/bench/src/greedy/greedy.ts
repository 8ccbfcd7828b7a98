import { fork } from 'node:child_process';
import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { App, localMembers } from '@payer/journey';
import { member, redirect_uris, startFloor, type BenchSystem } from '../environment.js';
import { requestsOf } from '../fhir-requests.js';
import { median } from '../load-generator.js';
import type { GreedyAnswers, GreedyLoad } from './greedy-load.js';
import { greedyKinds, type GreedyMeans } from './kinds.js';
import { p99Of, type Other } from './others.js';

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
  /** Milliseconds. */
  p99Alone: number;
  p99Beside: number;
  /** Median of the rounds' ratios. */
  times: number;
  /** Median of the rounds' ratios, each divided by the ratio of the bare handler in the same round. */
  timesOfFloor: number;
  /** The greedy app's answers by status, in the last round. */
  answers: GreedyAnswers;
}

/**
 * Measures the p99 of other apps' requests, alternately alone and beside a greedy app. One process of
 * fhir-api serves all apps. The last of the others is a bare handler in its own process, without requests of
 * the greedy app. Its ratio shows the effect of the shared machine, because the greedy app's client uses the
 * processors, too.
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
  const figures: GreedyFigures[] = [];
  try {
    await p99Of(others, 2);
    for (const { name, load } of greedyKinds.filter((each) => each.name.includes(kind))) {
      // A new app for each kind, so that earlier load does not count against it.
      const means = await greedyMeans(bench);
      const { alone, beside, answers } = await compare(others, load(means), rounds, seconds);
      const ofOther = (measured: number[][], place: number) => measured.map((round) => round[place]!);
      for (const [place, { what }] of others.entries()) {
        const [before, after] = [ofOther(alone, place), ofOther(beside, place)];
        const rise = (round: number, of = place) => beside[round]![of]! / alone[round]![of]!;
        figures.push({
          greedy: name,
          what,
          p99Alone: median(before),
          p99Beside: median(after),
          times: median(after.map((_, round) => rise(round))),
          timesOfFloor: median(after.map((_, round) => rise(round) / rise(round, others.length - 1))),
          answers,
        });
      }
      const line = figures
        .slice(-others.length)
        .map((row) => `${row.what} ${row.p99Alone.toFixed(1)} → ${row.p99Beside.toFixed(1)}`);
      say(`${name} ${JSON.stringify(answers)}: p99 ${line.join(', ')} ms`);
    }
  } finally {
    floor.stop();
  }
  return figures;
}

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
  /** Milliseconds by round and by other app. */
  alone: number[][];
  beside: number[][];
  answers: GreedyAnswers;
}

async function compare(
  others: readonly Other[],
  load: GreedyLoad,
  rounds: number,
  seconds: number,
): Promise<Comparison> {
  const comparison: Comparison = { alone: [], beside: [], answers: {} };
  for (let round = 0; round < rounds; round++) {
    comparison.alone.push(await p99Of(others, seconds));
    const app = await startGreedy(load);
    try {
      await p99Of(others, warmUp / 1000);
      comparison.beside.push(await p99Of(others, seconds));
      comparison.answers = await app.answers();
    } finally {
      app.stop();
    }
    await pause(warmUp);
  }
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
