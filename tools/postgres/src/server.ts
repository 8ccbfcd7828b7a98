import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Client } from 'pg';
import { endWithUs, isFree } from '@payer/processes';
import { canEnter, installedPostgres, postgresAccount, reachableBinaries, type Account } from './binaries.js';

const user = 'postgres';
const password = 'postgres';
/** Bytes of the longest path of a Unix socket on every system (`sun_path` of macOS, with its last zero). */
const longestSocketPath = 103;
/** Survives a reboot, unlike /tmp on many systems, and everybody may write there. */
const elsewhere = process.platform === 'win32' ? tmpdir() : '/var/tmp';

export interface PostgresOptions {
  /**
   * Where the cluster lives. When the account that must run PostgreSQL cannot enter it, another place is
   * used.
   */
  dataDirectory: string;
  port: number;
  /** Settings passed as `-c name=value`. */
  settings?: Record<string, string>;
  /**
   * A directory that keeps an initialised cluster for later calls: made when it is missing, then copied,
   * which costs a quarter of the time of `initdb`. Copies share the cluster's system identifier. They are for
   * tests: the superuser's password is hashed once, so that a connection costs little.
   */
  template?: string;
  /**
   * Use a server that runs on the directory already, and leave it running; otherwise such a one is stopped
   * first.
   */
  useRunning?: boolean;
  /** Whether connections use TCP, as those to a server on another machine do, in place of a Unix socket. */
  overTcp?: boolean;
  /**
   * A directory around the data, removed when this process ends, however that happens: nobody needs the data
   * any more.
   */
  temporary?: string;
}

export interface PostgresServer {
  /** Connection URL of a database of this server. */
  url(database: string): string;
  /** Where the cluster really lives. */
  dataDirectory: string;
  /** False when a server that ran already is used ({@link PostgresOptions.useRunning}). */
  started: boolean;
  /** Whether the cluster was made by this call. */
  initialised: boolean;
  /** Stops the server at once, open sessions included; the data stays. */
  stop(): Promise<void>;
  /** Stops the server without a checkpoint, for data that nobody needs any more. */
  discard(): Promise<void>;
  /** Creates those databases that are missing. @returns the names of those created */
  createDatabases(names: readonly string[]): Promise<string[]>;
}

/**
 * Starts the embedded PostgreSQL on a data directory, initialising it the first time. It ends with this
 * process, however that ends. A server that is left on the directory is stopped first.
 * @throws Error that says what to do, when the port is taken by something else or the server does not start
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const account = postgresAccount();
  const dataDirectory = placeFor(resolve(options.dataDirectory), account);
  let sockets = options.overTcp ? '' : socketDirectory(dataDirectory, options.port);
  const overTcp = (database: string) =>
    `postgres://${user}:${password}@localhost:${options.port}/${database}`;
  const url = (database: string) =>
    sockets ? `${overTcp(database)}?host=${encodeURIComponent(sockets)}` : overTcp(database);
  let initialised = false;
  const server = (started: boolean): PostgresServer => ({
    url,
    dataDirectory,
    started,
    initialised,
    stop: () => stopServer(dataDirectory),
    discard: () => stopServer(dataDirectory, 'SIGQUIT'),
    createDatabases: (names) => createDatabases(url('postgres'), names),
  });

  if (options.useRunning && (await runningDataDirectory(overTcp('postgres'))) === dataDirectory) {
    // A server of an older version has no socket, and that of another account none that we may enter.
    if ((await runningDataDirectory(url('postgres'))) === undefined) sockets = '';
    return server(false);
  }
  await stopLeftServer(dataDirectory);
  const running = await runningDataDirectory(overTcp('postgres'));
  if (running !== undefined || !(await isFree(options.port)))
    throw new Error(
      `Port ${options.port} is taken by ${running ? `a PostgreSQL on ${running}` : 'another program'}; stop it, or choose another port with POSTGRES_PORT.`,
    );

  const native = reachableBinaries(await installedPostgres(), account, elsewhere);
  if (!existsSync(join(dataDirectory, 'PG_VERSION'))) {
    if (options.template) copyTemplate(options.template, native, dataDirectory, account);
    else initialise(native, dataDirectory, account);
    initialised = true;
  }
  const log = openSync(join(dataDirectory, 'server.log'), 'a');
  const settings = {
    listen_addresses: 'localhost',
    unix_socket_directories: sockets,
    max_connections: '300',
    ...options.settings,
  };
  const child = spawn(
    join(native, 'bin', 'postgres'),
    [
      '-D',
      dataDirectory,
      '-p',
      String(options.port),
      ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
    // A session of its own: Ctrl-C reaches us, and we stop it last.
    { ...account, detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  child.unref();
  const watch = options.temporary
    ? endWithUs(child.pid ?? 0, 'SIGQUIT', options.temporary)
    : endWithUs(child.pid ?? 0, 'SIGINT');
  let exited: number | null | undefined;
  child.on('exit', (code) => {
    exited = code;
    watch.release();
  });
  for (const deadline = Date.now() + 60_000; (await runningDataDirectory(url('postgres'))) === undefined;) {
    if (exited !== undefined || Date.now() > deadline) {
      const tail = readFileSync(join(dataDirectory, 'server.log'), 'utf8').split('\n').slice(-8).join('\n');
      throw new Error(`PostgreSQL did not start on port ${options.port}:\n${tail}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return server(true);
}

/**
 * The directory of the server's Unix socket: the cluster's own, which only its account can enter. A
 * connection over it takes less processor time than one over TCP. And over TCP on one machine, an answer of
 * more than about 130 kB often waits 40 ms for a delayed acknowledgement
 * (docs/decisions/0108-local-database-by-unix-socket.md).
 * @returns an empty string where TCP has to do
 */
function socketDirectory(dataDirectory: string, port: number): string {
  const isTooLong = Buffer.byteLength(join(dataDirectory, `.s.PGSQL.${port}`)) > longestSocketPath;
  // The setting is a list of directories, separated by commas.
  return process.platform === 'win32' || isTooLong || dataDirectory.includes(',') ? '' : dataDirectory;
}

function placeFor(wanted: string, account: Account | undefined): string {
  if (!account || canEnter(account, wanted)) return wanted;
  const name = `payer-data-${createHash('sha256').update(wanted).digest('hex').slice(0, 12)}`;
  return join(elsewhere, name, 'postgres');
}

function initialise(
  native: string,
  dataDirectory: string,
  account: Account | undefined,
  settings: readonly string[] = [],
): void {
  rmSync(dataDirectory, { recursive: true, force: true });
  mkdirSync(dirname(dataDirectory), { recursive: true, mode: 0o755 });
  mkdirSync(dataDirectory, { mode: 0o700 });
  if (account) chownSync(dataDirectory, account.uid, account.gid);
  const passwordFile = `${dataDirectory}.password`;
  writeFileSync(passwordFile, password);
  if (account) chownSync(passwordFile, account.uid, account.gid);
  const { status, stderr } = spawnSync(
    join(native, 'bin', 'initdb'),
    [
      `--pgdata=${dataDirectory}`,
      '--auth=scram-sha-256',
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
      ...settings.map((setting) => `--set=${setting}`),
    ],
    { ...account, encoding: 'utf8' },
  );
  rmSync(passwordFile, { force: true });
  if (status !== 0) {
    rmSync(dataDirectory, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not be initialised in ${dataDirectory}:\n${stderr}`);
  }
}

/** Copies the template; the first of several processes that make it at the same time wins. */
function copyTemplate(
  template: string,
  native: string,
  dataDirectory: string,
  account: Account | undefined,
): void {
  const owner = account?.uid ?? process.getuid?.();
  // The place may be open to everybody: a directory of another account is not used.
  if (existsSync(template) && owner !== undefined && statSync(template).uid !== owner)
    return initialise(native, dataDirectory, account);
  if (!existsSync(template)) {
    const partial = `${template}.${process.pid}`;
    initialise(native, partial, account, ['scram_iterations=1']);
    try {
      renameSync(partial, template);
    } catch {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  rmSync(dataDirectory, { recursive: true, force: true });
  mkdirSync(dirname(dataDirectory), { recursive: true, mode: 0o755 });
  cpSync(template, dataDirectory, { recursive: true });
  // PostgreSQL wants a directory that belongs to its account alone.
  chmodSync(dataDirectory, 0o700);
  if (!account) return;
  for (const path of ['', ...readdirSync(dataDirectory, { recursive: true, encoding: 'utf8' })])
    chownSync(join(dataDirectory, path), account.uid, account.gid);
}

async function runningDataDirectory(url: string): Promise<string | undefined> {
  const state = await serverState(url);
  return typeof state === 'object' ? state.dataDirectory : undefined;
}

/** What answers at an address: a server and its directory, one that is just starting or stopping, or none. */
async function serverState(url: string): Promise<{ dataDirectory: string } | 'in transition' | 'none'> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    return rows[0] ? { dataDirectory: rows[0].data_directory } : 'none';
  } catch (error) {
    // cannot_connect_now
    return (error as { code?: string }).code === '57P03' ? 'in transition' : 'none';
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Stops the server that an earlier process left on the directory: killed just now, or of a version that
 * watched no server. Its file alone proves nothing, for after a crash of the machine the process id in it may
 * be that of another program.
 */
async function stopLeftServer(dataDirectory: string): Promise<void> {
  const pidFile = join(dataDirectory, 'postmaster.pid');
  for (const deadline = Date.now() + 15_000; existsSync(pidFile) && Date.now() < deadline;) {
    const port = readFileSync(pidFile, 'utf8').split('\n')[3];
    if (!port) return;
    const state = await serverState(`postgres://${user}:${password}@localhost:${port}/postgres`);
    if (state === 'none') return;
    if (state !== 'in transition' && state.dataDirectory !== dataDirectory) return;
    if (state !== 'in transition') await stopServer(dataDirectory);
    else await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function createDatabases(url: string, names: readonly string[]): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const missing = names.filter((name) => !rows.some((row) => row.datname === name));
    for (const name of missing) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    return missing;
  } finally {
    await client.end();
  }
}

/**
 * Stops the server and waits for its end.
 * @param signal SIGINT is PostgreSQL's "fast shutdown": open transactions are rolled back, nothing is lost.
 *   SIGQUIT is its "immediate shutdown": the next start recovers from the log.
 */
async function stopServer(dataDirectory: string, signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT'): Promise<void> {
  const pidFile = join(dataDirectory, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const alive = () => {
    try {
      process.kill(pid, 0);
      return existsSync(pidFile);
    } catch {
      return false;
    }
  };
  if (alive()) process.kill(pid, signal);
  for (const deadline = Date.now() + 15_000; alive() && Date.now() < deadline;)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
