import { setTimeout as pause } from 'node:timers/promises';
import { App, localMembers } from '@payer/journey';
import { member, redirect_uris, startFloor, type BenchSystem } from '../environment.js';
import { requestsOf } from '../fhir-requests.js';
import { startControl, startGreedy, type GreedyClient } from './greedy-client.js';
import type { GreedyAnswers, GreedyLoad, GreedyReport } from './greedy-load.js';
import { greedyKinds, type GreedyMeans } from './kinds.js';
import { latenciesOf, type Other } from './others.js';
import { p99Of, ratioOfP99, verdictOf, type Ratio } from './ratio.js';

/** Milliseconds for the greedy app to reach its full effect, and for the system to recover from it. */
const warmUp = 500;

export interface GreedyOptions {
  rounds: number;
  /** Seconds of each measurement; a round has two measurements. */
  seconds: number;
  /** Only kinds with this text in their name. */
  kind: string;
}

/** The most times that the others' p99 may be of the control. */
export const aim = 1.2;

export interface GreedyFigures extends Ratio {
  greedy: string;
  what: string;
  /** Milliseconds, while the greedy client asks another server. */
  p99Control: number;
  /** Milliseconds, while it asks the measured system. */
  p99Beside: number;
  verdict: ReturnType<typeof verdictOf>;
  /** The greedy app's answers by status. */
  answers: GreedyAnswers;
}

/** Two measurements without a greedy app: their ratio is the noise of the machine. */
const nobody = 'nobody';

/**
 * Measures the p99 of other apps' requests beside a greedy app, and in a control: the same greedy client does
 * the same work on the same machine, but asks a server that shares nothing with the measured system. The two
 * alternate, so that both have the machine's busy and idle seconds. One process of fhir-api serves all apps.
 * The last of the others is a bare handler in its own process, without requests of the greedy app: its ratio
 * is the processor time that the system spends on the greedy app, which one machine of two cores cannot give
 * twice.
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
  const figures: GreedyFigures[] = [];
  try {
    await latenciesOf(others, 2);
    const kinds = [{ name: nobody }, ...greedyKinds.filter(({ name }) => name.includes(kind))];
    for (const each of kinds) {
      // A new app for each kind, so that earlier load does not count against it.
      const load = 'load' in each ? each.load(await greedyMeans(bench)) : undefined;
      const { control, beside, answers } = await compare(others, load, rounds, seconds);
      const ofKind = others.map(({ what }, place) => {
        const ratio = ratioOfP99(beside[place]!, control[place]!);
        return {
          greedy: each.name,
          what,
          p99Control: p99Of(control[place]!),
          p99Beside: p99Of(beside[place]!),
          ...ratio,
          verdict: verdictOf(ratio, aim),
          answers,
        };
      });
      figures.push(...ofKind);
      const lines = ofKind.map(
        ({ what, p99Control, p99Beside }) => `${what} ${p99Control.toFixed(1)} → ${p99Beside.toFixed(1)}`,
      );
      say(`${each.name} ${JSON.stringify(answers)}: p99 ${lines.join(', ')} ms`);
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

/** Milliseconds by other app and round. */
type Latencies = number[][][];

interface Comparison {
  control: Latencies;
  beside: Latencies;
  answers: GreedyAnswers;
}

/**
 * @param load undefined for two measurements without a greedy app
 * @throws Error when the greedy requests fail, because such requests are no load
 */
async function compare(
  others: readonly Other[],
  load: GreedyLoad | undefined,
  rounds: number,
  seconds: number,
): Promise<Comparison> {
  const comparison: Comparison = { control: others.map(() => []), beside: others.map(() => []), answers: {} };
  let last: GreedyReport = { answers: {}, bytes: 0, processor: 0 };
  const measure = async (into: Latencies, client?: GreedyClient) => {
    try {
      await latenciesOf(others, warmUp / 1000);
      for (const [place, latencies] of (await latenciesOf(others, seconds)).entries())
        into[place]!.push(latencies);
      return await client?.report();
    } finally {
      await client?.stop();
      await pause(warmUp);
    }
  };
  const beside = async () => {
    const report = await measure(comparison.beside, load && (await startGreedy(load)));
    if (!report) return;
    last = report;
    for (const [status, number] of Object.entries(report.answers))
      comparison.answers[Number(status)] = (comparison.answers[Number(status)] ?? 0) + number;
  };
  const control = async () => {
    const client = load && (await startControl(load, last, seconds + warmUp / 1000));
    await measure(comparison.control, client);
  };
  for (let round = 0; round < rounds; round++)
    // The control needs the answers of a measurement, so the first round has its order.
    for (const next of round % 2 === 0 ? [beside, control] : [control, beside]) await next();
  const failed = comparison.answers[404];
  if (failed) throw new Error(`${failed} requests to ${load?.url} were answered with 404`);
  return comparison;
}
