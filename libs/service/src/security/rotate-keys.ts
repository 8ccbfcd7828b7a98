import { DataSource } from 'typeorm';
import { rowsOf } from '../database/database.js';
import type { Sealer } from './sealed.js';
import { addSigningKey } from './signing-keys.js';

/** Steps of a rotation; services read keys at their start, so each step is followed by a rolling restart. */
export const rotationSteps = ['add', 'use', 'drop'] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** A key this old by its date is published and accepted, but never the newest, which signs. */
const notYet = new Date(0);

/**
 * One step of replacing the signing keys of some purposes without a failed request: `add` a key that only verifies, `use` it
 * for signing once every verifier may know it, `drop` the older ones once nothing they signed is alive.
 * @returns what was done, a line for each purpose
 */
export async function rotateKeys(
  source: DataSource,
  sealer: Sealer,
  purposes: readonly string[],
  step: RotationStep,
): Promise<string[]> {
  return source.transaction(async (manager) => {
    await manager.query('SELECT pg_advisory_xact_lock(7003)');
    const lines: string[] = [];
    for (const purpose of purposes) {
      if (step === 'add') {
        const kid = await addSigningKey(manager, sealer, purpose, notYet);
        lines.push(`${purpose}: ${kid} is added`);
      } else if (step === 'use') {
        const [used] = await rowsOf<{ kid: string }>(
          manager,
          'UPDATE signing_key SET created_at = now() WHERE purpose = $1 AND created_at = $2 RETURNING kid',
          [purpose, notYet],
        );
        lines.push(
          used ? `${purpose}: ${used.kid} signs` : `${purpose}: there is no added key; add one first`,
        );
      } else {
        const dropped = await rowsOf<{ kid: string }>(
          manager,
          `DELETE FROM signing_key WHERE purpose = $1 AND created_at > $2
             AND created_at < (SELECT max(created_at) FROM signing_key WHERE purpose = $1) RETURNING kid`,
          [purpose, notYet],
        );
        lines.push(`${purpose}: ${dropped.length} older keys are dropped`);
      }
    }
    return lines;
  });
}

/** Runs a step from the command line: `rotate.js add|use|drop`. @returns the exit code */
export async function rotateKeysCommand(
  databaseUrl: string,
  sealer: Sealer,
  purposes: readonly string[],
): Promise<number> {
  const step = rotationSteps.find((name) => name === process.argv[2]);
  if (!step) {
    process.stderr.write(
      `Say which step: ${rotationSteps.join(', ')} (docs/operations.md, Rotating signing keys)\n`,
    );
    return 2;
  }
  const source = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
  try {
    const lines = await rotateKeys(source, sealer, purposes, step);
    process.stdout.write(`${lines.join('\n')}\nRestart the service, one replica after the other.\n`);
    return 0;
  } finally {
    await source.destroy();
  }
}
