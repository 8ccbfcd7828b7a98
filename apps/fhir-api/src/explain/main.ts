import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { addressesFrom, addressVariables, loadConfig } from '@payer/service';
import { databaseUrl, databaseVariables } from '../databases.js';
import { openEngine, type Reader } from '../engine.js';
import { kindsOn, type Kind } from './kinds.js';

/*
 * Writes how PostgreSQL runs each kind of request: Markdown on standard output, for docs/search-plans.md. The statements are those that the engine
 * sends: they are taken from it while it answers.
 */

interface Sent {
  text: string;
  values: unknown[];
}

/** A pool that remembers what is sent through it. */
function recording(pool: Pool): { pool: Pool; taken(): Sent[] } {
  let sent: Sent[] = [];
  const query = (statement: (Sent & { name?: string }) | string) => {
    // What comes as bare text is about statistics.
    if (typeof statement === 'string') return pool.query(statement);
    sent.push({ text: statement.text, values: statement.values });
    return pool.query(statement);
  };
  return {
    pool: { query } as unknown as Pool,
    taken: () => {
      const taken = sent;
      sent = [];
      return taken;
    },
  };
}

/** The fastest is shown: the others waited for the disk or the processor. */
const runs = 5;

async function planOf(pool: Pool, { text, values }: Sent): Promise<string> {
  const explain = `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) ${text}`;
  const plans: { text: string; time: number }[] = [];
  for (let n = 0; n < runs; n++) {
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(explain, values);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    plans.push({ text: plan, time: Number(/Execution Time: ([\d.]+)/.exec(plan)?.[1]) });
  }
  return plans.sort((a, b) => a.time - b.time)[0]?.text ?? '';
}

const oneLine = (sql: string) => sql.replace(/\s+/g, ' ').trim();

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { environment: { type: 'string', default: 'sandbox' } } });
  const environment = values.environment === 'production' ? 'production' : 'sandbox';
  const config = loadConfig({ ...databaseVariables, ...addressVariables });
  const baseUrl = addressesFrom(config)[environment].fhirBaseUrl;
  const pool = new Pool({ connectionString: databaseUrl(config, environment), max: 1 });
  const write = (text: string) => process.stdout.write(`${text}\n`);
  try {
    // As autovacuum does when it is given the time.
    for (const table of [
      'member_resource',
      'shared_resource',
      'shared_string',
      'shared_reference',
      'member_reference',
    ])
      await pool.query(`VACUUM ANALYZE ${table}`);
    const { patient, kinds } = await kindsOn(pool);
    const { rows } = await pool.query<{
      members: string;
      own: string;
      of_members: string;
      shared: string;
      version: string;
    }>(
      `SELECT (SELECT count(DISTINCT patient) FROM member_resource) AS members,
              (SELECT count(*) FROM member_resource) AS of_members,
              (SELECT count(*) FROM member_resource WHERE patient = $1) AS own,
              (SELECT count(*) FROM shared_resource) AS shared, current_setting('server_version') AS version`,
      [patient],
    );
    const [size] = rows;
    write('<!-- Made by `npm run -s -w @payer/fhir-api explain`; do not edit. -->\n');
    write('# How PostgreSQL runs each kind of request\n');
    write(
      `\`EXPLAIN (ANALYZE, BUFFERS)\` of what the engine sends, on PostgreSQL ${size?.version}, with everything in memory: ${size?.of_members} resources of ` +
        `${size?.members} members, ${size?.own} of them of the member who asks, and ${size?.shared} shared resources. See [search.md](search.md).`,
    );
    const { pool: recorded, taken } = recording(pool);
    const engine = openEngine({ pool: recorded, environment, baseUrl, cursorKey: 'explain' });
    // The first search of a directory asks for statistics, which are there before the next.
    const directory: Reader = { plan: 'provider-directory' };
    await engine.search({
      type: 'PractitionerRole',
      params: [['active', 'true']],
      reader: directory,
      handling: 'strict',
    });
    await pool.query('SELECT 1');
    taken();
    for (const kind of kinds) {
      const reader: Reader = kind.plan === 'patient-access' ? { plan: kind.plan, patient } : directory;
      await ask(engine, kind, reader, taken);
      write(`\n## ${kind.title} (${kind.plan})\n`);
      write(`\`GET ${decodeURIComponent(kind.request)}\`${kind.isSecondPage ? ', next page' : ''}`);
      for (const sent of taken())
        write(`\n\`\`\`sql\n${oneLine(sent.text)}\n\`\`\`\n\n\`\`\`\n${await planOf(pool, sent)}\n\`\`\``);
    }
  } finally {
    await pool.end();
  }
}

/** Sends the request to the engine; of a second page only that is left among what was taken. */
async function ask(
  engine: ReturnType<typeof openEngine>,
  { request, isSecondPage }: Kind,
  reader: Reader,
  taken: () => Sent[],
): Promise<void> {
  const [path = '', query = ''] = request.split('?');
  const [type = '', id] = path.split('/');
  if (id !== undefined) return void (await engine.read({ type, id, reader }));
  const search = (params: URLSearchParams) =>
    engine.search({ type, params: [...params], reader, handling: 'strict' });
  const bundle = JSON.parse(String((await search(new URLSearchParams(query))).json)) as {
    link: { relation: string; url: string }[];
  };
  if (!isSecondPage) return;
  taken();
  const next = bundle.link.find(({ relation }) => relation === 'next');
  if (next) await search(new URL(next.url).searchParams);
}

await main();
