import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Pool } from 'pg';
import { createSchema, storeMigrations } from '@payer/fhir-store/migrations';
import { startTestPostgres, type TestPostgres } from '@payer/testing';
import { readArguments, usage as usageText } from './arguments.js';
import { runLoad } from './run-load.js';

let postgres: TestPostgres;
let url: string;
let pool: Pool;
let directory: string;

beforeAll(async () => {
  postgres = await startTestPostgres();
  url = await postgres.database('fhir');
  await createSchema(url, storeMigrations);
  pool = new Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  directory = mkdtempSync(join(tmpdir(), 'payer-load-'));
});
afterAll(async () => {
  await pool?.end();
  await postgres?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Writes a file. @returns its path */
function file(name: string, content: string | Buffer): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const patient = (id: string) => ({ resourceType: 'Patient', id, name: [{ family: 'Family' }] });
const weight = (id: string, owner: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'weight' },
  subject: { reference: `Patient/${owner}` },
});
const lines = (...resources: unknown[]) => resources.map((resource) => JSON.stringify(resource)).join('\n');

/** The messages of machine-readable output (JSON lines). */
function textOf(output: string): string {
  const said = output
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { msg: string }).msg);
  return said.map((line) => `${line}\n`).join('');
}

const usageBegins = /^[^]+\n\nLoads FHIR data into an environment/;

interface Ended {
  code: number | null;
  out: string;
  errors: string;
}

describe('npm run load', () => {
  const variables = () => ({ ...process.env, SANDBOX_DATABASE_URL: url });

  /** Runs the command in a new process, with real streams, a real exit code and a real end. */
  const runProcess = (args: string[], input = '', read = textOf) =>
    new Promise<Ended>((resolve) => {
      const main = fileURLToPath(new URL('../../dist/load/main.js', import.meta.url));
      const child = spawn(process.execPath, [main, ...args], { env: variables() });
      let [out, errors] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
      child.on('close', (code) => resolve({ code, out: read(out), errors: read(errors) }));
      child.stdin.end(input);
    });

  /** Runs the command in the process of the tests, which costs less. */
  async function run(args: string[]): Promise<Ended> {
    let [out, errors] = ['', ''];
    const log = vi.spyOn(console, 'log').mockImplementation((text) => void (out += `${text}\n`));
    const error = vi.spyOn(console, 'error').mockImplementation((text) => void (errors += `${text}\n`));
    try {
      const code = await runLoad(args, variables());
      return { code, out, errors };
    } finally {
      log.mockRestore();
      error.mockRestore();
    }
  }

  it('loads with threads, prints its result, and its exit code says whether every resource was stored', async () => {
    const many = Array.from({ length: 4000 }, (_, i) => ({
      ...weight(`cli-${i}`, 'cli'),
      note: [{ text: 'x'.repeat(1500) }],
    }));
    const many4000 = file('cli.ndjson', lines(patient('cli'), ...many));
    const first = await runProcess(['--environment', 'sandbox', many4000]);
    expect(first).toMatchObject({ code: 0, errors: expect.not.stringContaining('rejected') });
    expect(first.out).toMatch(/Observation +4000\n/);
    expect(first.out).toMatch(
      /4001 read in .*: 4001 created, 0 updated, 0 unchanged, 0 deleted, 0 rejected\n$/,
    );
    const { rows } = await pool.query("SELECT body FROM member_resource WHERE id = 'cli-3999'");
    expect(JSON.parse((rows[0] as { body: string }).body)).toMatchObject(many[3999]!);
    const again = await runProcess(['--environment', 'sandbox', many4000, file('bad.json', '{')]);
    expect(again).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/rejected .*bad\.json: is not JSON/),
    });
    expect(again.out).toMatch(/4001 unchanged, 0 deleted, 1 rejected/);
  }, 120_000);

  it('reads NDJSON from the standard input, and refuses wrong use before it loads anything', async () => {
    const given = await runProcess(['--environment', 'sandbox', '-'], lines(patient('stdin')));
    expect(given).toMatchObject({ code: 0, out: expect.stringContaining('1 created') });
    const usage = [
      [],
      ['--environment', 'sandbox', '--structure', 'ignore', '-'],
      ['--environment', 'sandbox', '--base', 'own', '-'],
      ['--environment', 'sandbox', '--waiting', '--runs'],
      ['--environment', 'sandbox', '--runs', 'x'],
      ['--environment', 'staging', 'x'],
      ['--environment', 'sandbox'],
      ['--environment', 'sandbox', '/nowhere.ndjson'],
      ['--environment', 'sandbox', tmpdir()],
      ['--environment', 'sandbox', '--reindex', 'x'],
      ['--environment', 'sandbox', '--changed', '-'],
      ['--environment', 'sandbox', '--as-of', 'yesterday', '-'],
      ['--environment', 'sandbox', '--as-of', '2026-11-27', '-'],
      ['--environment', 'sandbox', '--as-of', '2999-01-01T00:00:00Z', '-'],
      ['--environment', 'sandbox', '--as-of', 'everything=2026-01-01T00:00:00Z', '-'],
      ['--environment', 'sandbox', '--manifest', file('no-manifest.json', '{}'), '-'],
      ['--environment', 'sandbox', '--codes', mkdtempSync(join(directory, 'empty-')), '-'],
      ['--environment', 'sandbox', '--sensitive-codes', 'yes', '-'],
      ['--environment', 'sandbox', '--snapshot', 'Practitionr', '-'],
      ['--environment', 'sandbox', '--snapshot', '', '-'],
      ['--environment', 'sandbox', '--report', join(directory, 'nowhere/report.json'), '-'],
    ];
    for (const args of usage) expect(readArguments(args)).toMatch(usageBegins);
    expect(await run(usage[1]!)).toMatchObject({ code: 2, errors: expect.stringMatching(usageBegins) });
    const asWritten = (output: string) => output;
    expect(await runProcess(['--help'], '', asWritten)).toEqual({
      code: 0,
      out: `${usageText}\n`,
      errors: '',
    });
    // Every resource of this database was indexed by this release.
    expect((await run(['--environment', 'sandbox', '--index-changes'])).out).toMatch(
      /^New search parameters: none\n.*: none\n.*: none\n0 resources to index again\n$/,
    );
    await pool.query("DELETE FROM indexed_parameter WHERE type = 'Observation' AND code = 'code'");
    expect((await run(['--environment', 'sandbox', '--reindex', '--changed'])).out).toMatch(
      /^New search parameters: 1\n {2}Observation\?code\n[^]*\n4000 resources to index again\n[^]*4000 read in .*: 0 indexed again/,
    );
    await run(['--environment', 'sandbox', file('nul.ndjson', lines(patient('nul')))]);
    // The loader refuses this body today, because it contains a member twice.
    await pool.query(
      `UPDATE member_resource SET body = replace(body, '"id"', '"id":"x","id"'), tokens = '{}' WHERE id = 'nul'`,
    );
    expect(await run(['--environment', 'sandbox', '--reindex'])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/ read in .*: \d+ indexed again, \d+ unchanged, 1 left as they are\n$/),
      errors: expect.stringContaining('left as it is, Patient/nul'),
    });
    const damaged = file(
      'damaged.ndjson.gz',
      readFileSync(file('d.gz', gzipSync(lines(patient('damaged'))))).subarray(0, 20),
    );
    expect(await runProcess(['--environment', 'sandbox', damaged])).toMatchObject({
      code: 3,
      errors: expect.stringMatching(
        /Loading stopped: .*damaged\.ndjson\.gz: is cut off \(unexpected end of file\): transfer it again/,
      ),
    });
  }, 120_000);

  it('checks, reports, keeps what was refused, and lists what waits and what was loaded', async () => {
    const sandbox = ['--environment', 'sandbox'];
    const conditional = {
      ...weight('cli-waits', 'kept'),
      performer: [{ reference: 'Practitioner?identifier=s|1' }],
    };
    const bad = { ...weight('cli-bad', 'kept'), status: true };
    const input = file('manners.ndjson', lines(patient('kept'), bad, conditional));
    const [report, quarantine] = [join(directory, 'report.json'), join(directory, 'refused.ndjson')];
    const checked = await run([...sandbox, '--check', '--quarantine', quarantine, input]);
    expect(checked).toMatchObject({
      code: 1,
      out: expect.stringMatching(/structure +1 .*\n.*1 × Observation.status is a boolean.*\n3 checked/s),
    });
    const written = ['--report', report, '--quarantine', quarantine];
    expect(await run([...sandbox, ...written, input])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/1 created.* 1 rejected\n1 wait until each reference by identifier/s),
    });
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      created: 1,
      unresolved: 1,
      rejectedByKind: { structure: 1 },
      structure: [{ element: 'Observation.status', example: 'Observation/cli-bad' }],
      files: [{ name: input }],
    });
    expect(readFileSync(quarantine, 'utf8')).toBe(`${JSON.stringify(bad)}\n`);
    expect(await run([...sandbox, '--structure', 'count', quarantine])).toMatchObject({ code: 0 });
    expect((await run([...sandbox, '--waiting'])).out).toBe(
      'Observation/cli-waits waits for Practitioner?identifier=s|1\n1 wait\n',
    );
    expect((await run([...sandbox, '--drop-waiting', 'Observation/cli-waits'])).out).toBe('1 dropped\n');
    const snapshot = [...sandbox, '--snapshot', 'Patient', file('snapshot.ndjson', lines(patient('kept')))];
    const held = await run(snapshot);
    expect(held).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/Nothing was deleted: \d+ of \d+ Patient/),
    });
    const limit = /--snapshot-limit (\d+)/.exec(held.errors)?.[1] ?? '';
    expect(await run([...snapshot, '--snapshot-limit', limit])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/[1-9]\d* deleted/),
    });
    expect(await run([...snapshot, '--snapshot-limit', 'all'])).toMatchObject({ code: 2 });
    expect((await run([...sandbox, '--runs'])).out).toMatch(
      /refused\.ndjson \(sha256 [0-9a-f]{12}\) +1 read: 1 created.*\n.*manners\.ndjson .*1 rejected\n/,
    );
  }, 120_000);

  it('keeps a prior authorization that has changed lately, though a snapshot lacks it', async () => {
    const sandbox = ['--environment', 'sandbox'];
    const benefit = (id: string, use: string) => ({
      resourceType: 'ExplanationOfBenefit',
      id,
      status: 'cancelled',
      type: { text: 'professional' },
      use,
      patient: { reference: 'Patient/kept' },
      created: '2026-01-01',
      insurer: { display: 'Plan' },
      provider: { display: 'Doctor' },
      outcome: 'complete',
      insurance: [{ focal: true, coverage: { display: 'Coverage' } }],
    });
    const both = [benefit('authorization', 'preauthorization'), benefit('claim', 'claim')];
    expect(await run([...sandbox, file('benefits.ndjson', lines(patient('kept'), ...both))])).toMatchObject({
      code: 0,
    });
    const snapshot = ['--snapshot', 'ExplanationOfBenefit', '--snapshot-limit', '100'];
    expect(await run([...sandbox, ...snapshot, file('none.ndjson', '')])).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /^1 are absent .* and stay: the time of 42 CFR 422\.119\(b\)\(1\)\(iv\) is not over$.* 1 deleted/ms,
      ),
    });
  });

  it('never writes over a file that it reads, nor two results into one file', async () => {
    const bad = { ...weight('twice', 'twice'), status: true };
    const refused = file('to-correct.ndjson', lines(bad));
    const other = join(directory, 'other-name.ndjson');
    symlinkSync(refused, other);
    const news = join(directory, 'new.json');
    for (const [args, problem] of [
      [['--quarantine', refused], /is also the file of the data to load and would be overwritten/],
      [['--quarantine', other], /is also the file of the data to load/],
      [['--report', refused, '--check'], /is also the file of the data to load/],
      [['--report', news, '--quarantine', news], /is also the file of --report/],
    ] as const)
      expect(await run(['--environment', 'sandbox', ...args, refused])).toMatchObject({
        code: 2,
        errors: expect.stringMatching(problem),
      });
    expect(readFileSync(refused, 'utf8')).toBe(lines(bad));
    expect(existsSync(news)).toBe(false);
  });

  it('says what is wrong with its variables, and which resources do not wait', async () => {
    const { error } = console;
    const said: string[] = [];
    console.error = (text: string) => void said.push(text);
    try {
      const wrong = { ...variables(), SANDBOX_FHIR_BASE_URL: 'foo' };
      expect(await runLoad(['--environment', 'sandbox', '--runs'], wrong)).toBe(2);
    } finally {
      console.error = error;
    }
    expect(said.join()).toContain('SANDBOX_FHIR_BASE_URL is "foo"');
    expect(await run(['--environment', 'sandbox', '--drop-waiting', 'Observation/none'])).toMatchObject({
      code: 2,
      errors: expect.stringContaining('Observation/none does not wait'),
    });
  });

  it('completes resources by the tables of the plan and by sensitive codes, and says how new the data is', async () => {
    const sandbox = ['--environment', 'sandbox', '--structure', 'count'];
    const icd10 = 'http://hl7.org/fhir/sid/icd-10-cm';
    const condition = (id: string, ...codes: string[]) => ({
      resourceType: 'Condition',
      id,
      code: { coding: codes.map((code) => ({ system: icd10, code })) },
      subject: { reference: 'Patient/complete' },
      recordedDate: '2026-01-05',
    });
    const input = file(
      'complete.ndjson',
      lines(patient('complete'), condition('plain', 'I10'), condition('sensitive', 'F10.20'), {
        resourceType: 'ExplanationOfBenefit',
        id: 'claim',
        use: 'claim',
        patient: { reference: 'Patient/complete' },
        provider: { identifier: { system: 'http://hl7.org/fhir/sid/us-npi', value: '1234567893' } },
        created: '2026-01-06T10:00:00Z',
      }),
    );
    const codes = mkdtempSync(join(directory, 'codes-'));
    writeFileSync(join(codes, 'npi.csv'), '\uFEFFdisplay,code\r\n"Example, ""Ann""",1234567893\r\n\r\n');
    writeFileSync(join(codes, 'own.csv'), `system,code,display\n${icd10},I10,High blood pressure\n`);
    const manifest = file(
      'manifest.json',
      JSON.stringify({ transactionTime: '2026-01-07T00:00:00Z', output: [{ type: 'Condition', url: 'x' }] }),
    );
    const complete = [
      ...sandbox,
      '--codes',
      codes,
      '--manifest',
      manifest,
      '--as-of',
      'claims=2026-01-08T00:00:00Z',
    ];
    const loaded = await run([...complete, input]);
    expect(loaded).toMatchObject({ code: 0, errors: '' });
    expect(loaded.out).toMatch(
      /Codes without a name.*\n +1 × \S+icd-10-cm: F10.20 \(1\)\n1 labelled as sensitive/,
    );
    const { rows } = await pool.query<{ id: string; body: string }>(
      `SELECT id, body FROM member_resource WHERE patient = 'complete' AND type <> 'Patient'`,
    );
    const body = Object.fromEntries(rows.map(({ id, body }) => [id, body]));
    expect(body.plain).toContain('"code":"I10","display":"High blood pressure"');
    expect(body.claim).toContain(String.raw`"display":"Example, \"Ann\""`);
    expect(body.sensitive).toContain('"code":"SUD"');
    const freshness = await pool.query<{ kind: string; complete_to: Date }>(
      `SELECT kind, complete_to FROM data_freshness WHERE complete_to IS NOT NULL ORDER BY kind`,
    );
    expect(freshness.rows.map(({ kind, complete_to }) => [kind, complete_to.toISOString()])).toEqual([
      ['claims', '2026-01-08T00:00:00.000Z'],
      ['clinical', '2026-01-07T00:00:00.000Z'],
    ]);
    const ignoring = await run([...sandbox, '--sensitive-codes', 'ignore', input]);
    expect(ignoring.out).toMatch(/0 created, 3 updated, 1 unchanged/);
    const broken = file('codes-broken.csv', 'x');
    const wrong = mkdtempSync(join(directory, 'wrong-'));
    for (const [name, text, problem] of [
      ['ndc.csv', 'code;display\n1;2', /must name the columns "code" and "display"/],
      [
        'other.csv',
        'code,display\n1,2',
        /name the code systems in a column "system", or name the file after one/,
      ],
      ['ndc.csv', 'code,display\n1,\n', /ndc\.csv:2: a value is missing/],
      ['ndc.csv', 'code,display\n1,"2\n', /ndc\.csv:2: a quotation mark is not closed/],
    ] as const) {
      writeFileSync(join(wrong, name), text);
      expect(readArguments([...sandbox, '--codes', wrong, input])).toMatch(problem);
      rmSync(join(wrong, name));
    }
    expect(await run([...sandbox, '--codes', broken, input])).toMatchObject({ code: 2 });
  }, 120_000);
});
