import { DataSource, type EntityManager } from 'typeorm';
import { recordAndTellAudit } from '../audit/audit.js';
import { rowsOf } from '../database/rows-of.js';
import { journalDroppedKeys } from './dropped-keys.js';
import { keyRefreshInterval } from './key-ring.js';
import type { Sealer } from './sealed.js';
import { addSigningKey } from './signing-keys.js';

/**
 * Steps of a rotation. `add` publishes the next key, `use` lets it sign, and `drop` removes the older keys.
 * `replace` does all three at once, for a leaked key. Running replicas follow without a restart.
 */
const rotationSteps = ['add', 'use', 'drop', 'replace'] as const;
export type RotationStep = (typeof rotationSteps)[number];

/** Date of an added key: it is published and verifies, but it is never the newest key, which signs. */
const notYet = new Date(0);

/** Seconds that a replica needs to follow, with a margin for differing clocks. */
const settling = keyRefreshInterval / 1000 + 55;
/** Seconds for which a client may cache the published keys. */
const keyCacheLifetime = 600;

/** The keys of one purpose (an environment, or a service) and the lifetime of the tokens that they sign. */
export interface RotatedPurpose {
  purpose: string;
  /** Lifetime of the longest-lived message, in seconds. */
  messageLifetime: number;
  /** Name of the messages, e.g. `access tokens and id tokens`. */
  messages: string;
}

/** A step was refused; the message gives the time from which the step is allowed. */
export class TooEarly extends Error {}

interface StoredKey {
  kid: string;
  created_at: Date;
  published_at: Date;
}

interface StepOptions {
  /** Takes the step without waiting, even if it breaks messages. */
  now?: boolean;
  /** For tests; milliseconds since the epoch. */
  clock?: number;
  /** Writes the step to the audit trail, in the transaction of the step. */
  record?(manager: EntityManager): Promise<void>;
}

/**
 * Takes one step for some purposes, for all of them or for none.
 * @returns lines that report the changes
 * @throws TooEarly when a verifier may not know the new key yet, or a message of the old key may still be
 *   valid
 */
export async function rotateKeys(
  source: DataSource,
  sealer: Sealer,
  purposes: readonly RotatedPurpose[],
  step: RotationStep,
  { now = false, clock = Date.now(), record }: StepOptions = {},
): Promise<string[]> {
  if (step === 'replace' && !now)
    throw new TooEarly(
      `replace is for a key that leaked: it refuses every message that the old keys signed. Say replace --now, or take add, use and drop one after the other.`,
    );
  return source.transaction(async (manager) => {
    await manager.query('SELECT pg_advisory_xact_lock(7003)');
    const lines: string[] = [];
    for (const rotated of purposes) {
      const keys = await storedKeys(manager, rotated.purpose);
      if (step === 'add' || step === 'replace') lines.push(await add(manager, sealer, rotated, keys, now));
      if (step === 'use' || step === 'replace')
        lines.push(await use(manager, rotated, await storedKeys(manager, rotated.purpose), now, clock));
      if (step === 'drop' || step === 'replace')
        lines.push(await drop(manager, rotated, await storedKeys(manager, rotated.purpose), now, clock));
    }
    await record?.(manager);
    return lines;
  });
}

/** The existing keys and the time from which the next step is allowed: a line for each purpose. */
export async function rotationStatus(
  source: DataSource,
  purposes: readonly RotatedPurpose[],
): Promise<string[]> {
  const lines: string[] = [];
  for (const rotated of purposes) {
    const keys = await storedKeys(source.manager, rotated.purpose);
    const [signing, ...older] = keys.filter(isInUse);
    const added = keys.find((key) => !isInUse(key));
    const next = added
      ? `use from ${from(mayUse(added))} on`
      : older.length > 0
        ? `drop from ${from(mayDrop(signing!, rotated))} on`
        : 'add at any time';
    lines.push(
      `${rotated.purpose}: ${signing ? `${signing.kid} signs since ${from(signing.created_at.getTime())}` : 'no key yet'}` +
        `${older.length > 0 ? `, ${older.length} older verify` : ''}${added ? `, ${added.kid} is added` : ''}. Next: ${next}.`,
    );
  }
  return lines;
}

const isInUse = (key: StoredKey) => key.created_at.getTime() > notYet.getTime();
const from = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
const mayUse = (added: StoredKey) => added.published_at.getTime() + (keyCacheLifetime + settling) * 1000;
const mayDrop = (signing: StoredKey, { messageLifetime }: RotatedPurpose) =>
  signing.created_at.getTime() + (messageLifetime + settling) * 1000;

async function storedKeys(manager: EntityManager, purpose: string): Promise<StoredKey[]> {
  return rowsOf<StoredKey>(
    manager,
    'SELECT kid, created_at, published_at FROM signing_key WHERE purpose = $1 ORDER BY created_at DESC, published_at DESC',
    [purpose],
  );
}

async function add(
  manager: EntityManager,
  sealer: Sealer,
  { purpose }: RotatedPurpose,
  keys: readonly StoredKey[],
  now: boolean,
): Promise<string> {
  const waiting = keys.find((key) => !isInUse(key));
  // The waiting key may have leaked with the others.
  if (waiting && now) await remove(manager, [waiting.kid]);
  else if (waiting)
    throw new TooEarly(
      `${purpose}: ${waiting.kid} is added already; use it from ${from(mayUse(waiting))} on.`,
    );
  const kid = await addSigningKey(manager, sealer, purpose, notYet);
  const [added] = (await storedKeys(manager, purpose)).filter((key) => key.kid === kid);
  return `${purpose}: ${kid} is added and verifies. Next: use, from ${from(mayUse(added!))} on.`;
}

async function use(
  manager: EntityManager,
  rotated: RotatedPurpose,
  keys: readonly StoredKey[],
  now: boolean,
  clock: number,
): Promise<string> {
  const { purpose } = rotated;
  const added = keys.find((key) => !isInUse(key));
  if (!added) throw new TooEarly(`${purpose}: there is no added key; add one first.`);
  if (!now && clock < mayUse(added))
    throw new TooEarly(
      `${purpose}: too early. ${added.kid} is published since ${from(added.published_at.getTime())}, and caches of the` +
        ` published keys live up to ${keyCacheLifetime / 60} minutes: use it from ${from(mayUse(added))} on. With --now` +
        ' it signs at once; verifiers that do not fetch unknown keys refuse its messages until their caches end.',
    );
  await manager.query('UPDATE signing_key SET created_at = clock_timestamp() WHERE kid = $1', [added.kid]);
  const [signing] = (await storedKeys(manager, purpose)).filter((key) => key.kid === added.kid);
  return `${purpose}: ${added.kid} signs. Next: drop, from ${from(mayDrop(signing!, rotated))} on.`;
}

async function drop(
  manager: EntityManager,
  rotated: RotatedPurpose,
  keys: readonly StoredKey[],
  now: boolean,
  clock: number,
): Promise<string> {
  const { purpose, messageLifetime, messages } = rotated;
  const [signing, ...older] = keys.filter(isInUse);
  if (!signing || older.length === 0) throw new TooEarly(`${purpose}: there is no older key to drop.`);
  if (!now && clock < mayDrop(signing, rotated))
    throw new TooEarly(
      `${purpose}: too early. ${signing.kid} signs since ${from(signing.created_at.getTime())}, and ${messages} of the` +
        ` older keys live up to ${Math.ceil(messageLifetime / 60)} minutes: drop them from ${from(mayDrop(signing, rotated))} on.` +
        ` With --now they are refused at once.`,
    );
  await remove(
    manager,
    older.map(({ kid }) => kid),
  );
  const killed = now ? ` All ${messages} that they signed are refused from now on.` : '';
  return `${purpose}: ${older.length} older ${older.length === 1 ? 'key is' : 'keys are'} dropped.${killed}`;
}

/** Journals the removal, so that no restore brings the keys back (decision 26). */
async function remove(manager: EntityManager, kids: readonly string[]): Promise<void> {
  await manager.query('DELETE FROM signing_key WHERE kid = ANY($1)', [kids]);
  await journalDroppedKeys(manager, kids);
}

const usage = `Say which step: ${rotationSteps.join(', ')}, or status (docs/operations.md, Rotating signing keys).\n`;

/**
 * Runs a step from the command line: `rotate.js add|use|drop|replace [--now]`, or `rotate.js status`.
 * @returns the exit code: 0 done, 1 refused, 2 wrong arguments
 */
export async function rotateKeysCommand(
  service: 'auth-server' | 'consent',
  databaseUrl: string,
  sealer: Sealer,
  purposes: readonly RotatedPurpose[],
  args: readonly string[] = process.argv.slice(2),
): Promise<number> {
  const words = args.filter((word) => word !== '--now');
  const step = [...rotationSteps, 'status' as const].find((name) => name === words[0]);
  if (!step || words.length > 1) {
    process.stderr.write(usage);
    return 2;
  }
  const now = args.includes('--now');
  const record = (manager: EntityManager) =>
    recordAndTellAudit(manager, service, [
      { action: 'signing-keys-rotated', actor_role: 'system', actor: null, detail: { step, now } },
    ]);
  const source = await new DataSource({ type: 'postgres', url: databaseUrl }).initialize();
  try {
    const lines =
      step === 'status'
        ? await rotationStatus(source, purposes)
        : await rotateKeys(source, sealer, purposes, step, { now, record });
    const follow = `Running replicas follow within ${keyRefreshInterval / 1000} s; none has to be restarted.`;
    process.stdout.write(`${[...lines, ...(step === 'status' ? [] : [follow])].join('\n')}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof TooEarly)) throw error;
    process.stderr.write(`${error.message}\nNothing was changed.\n`);
    return 1;
  } finally {
    await source.destroy();
  }
}
