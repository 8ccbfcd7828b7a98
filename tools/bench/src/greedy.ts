import { fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BenchSystem } from './environment.js';
import { startFhirApi, type FhirApiProcess } from './fhir-api-process.js';
import { requestsOf, type Request } from './fhir.js';
import type { GreedyAnswers, GreedyLoad } from './greedy-load.js';
import { steadyLatencies } from './latency-by-size.js';
import { median } from './load-generator.js';
import { quantiles } from './quantiles.js';

const rounds = 5;
const secondsPerRound = 2;
/** Milliseconds in which the greedy app fills what it can. */
const warmUp = 500;

export interface GreedyFigures {
  greedy: string;
  where: 'same process' | 'process of its own';
  what: string;
  /** Milliseconds. */
  p99Alone: number;
  p99Beside: number;
  /** Median of the rounds' ratios. */
  times: number;
  /** The greedy app's answers by status, in the last round. */
  answers: GreedyAnswers;
}

const list = (n: number) => Array.from({ length: n }, (_, i) => `v${i}`).join();

/** Ways to be greedy: what is refused at once, what is just allowed, and what is cheap but endless. */
function greedyLoads(
  base: string,
  practitioner: string,
): { greedy: string; load: Omit<GreedyLoad, 'headers'> }[] {
  const search = `${base}/Practitioner/_search`;
  return [
    {
      greedy: '40 × 9,000 values of :contains',
      load: { url: search, form: `name:contains=${list(9000)}`, connections: 40 },
    },
    {
      greedy: '40 × 900 values of :contains',
      load: { url: search, form: `name:contains=${list(900)}`, connections: 40 },
    },
    { greedy: '64 × reads', load: { url: practitioner, connections: 64 } },
  ];
}

/** What a greedy app costs another app: the p99 of its requests alone and beside the greedy one, in turn. */
export async function greedy(bench: BenchSystem, say: (line: string) => void): Promise<GreedyFigures[]> {
  const requests = await requestsOf(bench, bench.system.databaseUrl('fhir_sandbox'));
  const others = requests.filter(({ token }) => token === 'member').slice(0, 2);
  const finder = requests.find(({ token }) => token === 'directory')!;
  const base = bench.addresses.fhir.sandbox;
  const found = (await (
    await fetch(`${base}/Practitioner?_count=1`, {
      headers: { authorization: `Bearer ${finder.accessToken}` },
    })
  ).json()) as { entry: { resource: { id: string } }[] };
  const [own, another] = [await startFhirApi(bench, {}), await startFhirApi(bench, {})];
  const figures: GreedyFigures[] = [];
  try {
    for (const { greedy: name, load } of greedyLoads(
      base,
      `${base}/Practitioner/${found.entry[0]!.resource.id}`,
    ))
      for (const where of ['same process', 'process of its own'] as const) {
        const target = (where === 'same process' ? own : another).target(load.url, finder.accessToken);
        const contentType: Record<string, string> = load.form
          ? { 'content-type': 'application/x-www-form-urlencoded' }
          : {};
        const greedyLoad = { ...load, url: target.url, headers: { ...target.headers, ...contentType } };
        for (const other of others) {
          const figure = await compare(own, other, greedyLoad);
          figures.push({ greedy: name, where, what: other.what, ...figure });
          say(
            `${name}, ${where}: ${other.what} p99 ${figure.p99Alone.toFixed(1)} → ${figure.p99Beside.toFixed(1)} ms`,
          );
        }
      }
  } finally {
    await own.stop();
    await another.stop();
  }
  return figures;
}

async function compare(
  own: FhirApiProcess,
  other: Request,
  load: GreedyLoad,
): Promise<Pick<GreedyFigures, 'p99Alone' | 'p99Beside' | 'times' | 'answers'>> {
  const target = own.target(other.url, other.accessToken);
  const p99 = async () => quantiles(await steadyLatencies(target, secondsPerRound)).p99;
  const alone: number[] = [];
  const beside: number[] = [];
  let answers: GreedyAnswers = {};
  await p99();
  for (let round = 0; round < rounds; round++) {
    alone.push(await p99());
    const app = startGreedy(load);
    try {
      await pause(warmUp);
      beside.push(await p99());
      answers = await app.answers();
    } finally {
      app.stop();
    }
    // What it left behind is done first.
    await pause(warmUp);
  }
  return {
    p99Alone: median(alone),
    p99Beside: median(beside),
    times: median(beside.map((value, round) => value / alone[round]!)),
    answers,
  };
}

/** In a process of its own, so that what it does with answers does not delay what is measured. */
function startGreedy(load: GreedyLoad): { answers(): Promise<GreedyAnswers>; stop(): void } {
  const child = fork(fileURLToPath(new URL('greedy-load.js', import.meta.url)), [JSON.stringify(load)]);
  return {
    answers: () =>
      new Promise((resolve) => {
        child.once('message', (message) => resolve(message as GreedyAnswers));
        child.send('answers');
      }),
    stop: () => child.disconnect(),
  };
}
