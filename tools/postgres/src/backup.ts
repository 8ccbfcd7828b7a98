import { spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Copies the data directory of a stopped server, owner and modes included; what was there is replaced. */
export function copyCluster(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${from} cannot be copied: ${stderr}`);
}

/**
 * Makes a copied cluster a standby that follows a primary on this machine, asynchronously, once it is
 * started.
 */
export function makeStandby(dataDirectory: string, primaryPort: number): void {
  const { uid, gid } = statSync(dataDirectory);
  const signal = join(dataDirectory, 'standby.signal');
  writeFileSync(signal, '');
  chownSync(signal, uid, gid);
  const connection = `host=localhost port=${primaryPort} user=postgres password=postgres`;
  appendFileSync(join(dataDirectory, 'postgresql.auto.conf'), `primary_conninfo = '${connection}'\n`);
}
