import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { type Access, openRepository, type Repository } from '@payer/fhir-store';
import { resourceTypesOfPlan } from '@payer/smart';
import { sampleRequestsOn, type SampleRequest } from './sample-requests.js';

/*
 * Writes how PostgreSQL runs each kind of request: Markdown on standard output, for docs/search-plans.md. The
 * statements are recorded while the store answers.
 */

const usage = `npm run -s -w @payer/fhir-store-tools explain -- [--database URL] [--base-url URL]

  --database   of synthetic data; by default the sandbox of npm start
  --base-url   FHIR base URL with which the data was loaded
`;

interface Sent {
  text: string;
  values: unknown[];
}

/** A pool that records the statements sent through it. */
function recording(pool: Pool): { pool: Pool; taken(): Sent[] } {
  let sent: Sent[] = [];
  const query = (statement: (Sent & { name?: string }) | string) => {
    // Statements about statistics come as bare text; they are no part of a request.
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

/**
 * Each statement runs so often; the fastest run is shown, because the others waited for the disk or the
 * processor.
 */
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
  const { values } = parseArgs({
    options: {
      database: {
        type: 'string',
        default: 'postgres://postgres:postgres@localhost:54329/fhir_sandbox',
      },
      'base-url': { type: 'string', default: 'http://localhost:4003/sandbox/interop/external/fhir' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const { database, 'base-url': baseUrl } = values;
  const pool = new Pool({ connectionString: database, max: 1 });
  const write = (text: string) => process.stdout.write(`${text}\n`);
  try {
    // Autovacuum would do the same a minute later.
    for (const table of [
      'member_resource',
      'shared_resource',
      'shared_string',
      'shared_reference',
      'member_reference',
    ])
      await pool.query(`VACUUM ANALYZE ${table}`);
    const { patient, requests } = await sampleRequestsOn(pool);
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
    write('<!-- Made by `npm run -s -w @payer/fhir-store-tools explain`; do not edit. -->\n');
    write('# How PostgreSQL runs each kind of request\n');
    write(
      `\`EXPLAIN (ANALYZE, BUFFERS)\` of what the store sends, on PostgreSQL ${size?.version}, with everything in memory: ${size?.of_members} resources of ` +
        `${size?.members} members, ${size?.own} of them of the member who asks, and ${size?.shared} shared resources. See [search.md](search.md).`,
    );
    const { pool: recorded, taken } = recording(pool);
    const repository = openRepository({
      pool: recorded,
      environment: 'explain',
      baseUrl,
      cursorKey: 'explain',
    });
    // The first search of a directory reads statistics; later ones use them.
    const directory: Access = { types: resourceTypesOfPlan['provider-directory'] };
    const ofPatient: Access = { patient, types: resourceTypesOfPlan['patient-access'] };
    await repository.search({
      type: 'PractitionerRole',
      params: [['active', 'true']],
      access: directory,
      handling: 'strict',
    });
    await pool.query('SELECT 1');
    taken();
    for (const sample of requests) {
      await ask(repository, sample, sample.plan === 'patient-access' ? ofPatient : directory, taken);
      write(`\n## ${sample.title} (${sample.plan})\n`);
      write(`\`GET ${decodeURIComponent(sample.request)}\`${sample.isSecondPage ? ', next page' : ''}`);
      for (const sent of taken())
        write(`\n\`\`\`sql\n${oneLine(sent.text)}\n\`\`\`\n\n\`\`\`\n${await planOf(pool, sent)}\n\`\`\``);
    }
  } finally {
    await pool.end();
  }
}

/** Sends the request to the store. For a second page, only its statements stay recorded. */
async function ask(
  repository: Repository,
  { request, isSecondPage }: SampleRequest,
  access: Access,
  taken: () => Sent[],
): Promise<void> {
  const [path = '', query = ''] = request.split('?');
  const [type = '', id] = path.split('/');
  if (id !== undefined) return void (await repository.read({ type, id, access }));
  const search = (params: URLSearchParams) =>
    repository.search({ type, params: [...params], access, handling: 'strict' });
  const bundle = JSON.parse(String((await search(new URLSearchParams(query))).json)) as {
    link: { relation: string; url: string }[];
  };
  if (!isSecondPage) return;
  taken();
  const next = bundle.link.find(({ relation }) => relation === 'next');
  if (next) await search(new URL(next.url).searchParams);
}

await main();
