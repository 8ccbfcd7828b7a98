import type { DataSource } from 'typeorm';
import { rowsOf } from '../database/rows-of.js';
import type { Sealer } from './sealed.js';
import { signingKeys, type SigningKey } from './signing-keys.js';

/** Maximum milliseconds between two reads of the keys; every replica uses a rotated key after this time. */
export const keyRefreshInterval = 5000;

/**
 * The signing keys of some purposes in a running replica. A rotation changes the keys in the database, and
 * every replica follows without a restart. While the database is unavailable, the keys stay unchanged.
 */
export class KeyRing {
  private readonly listeners: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private refreshing: Promise<void> | undefined;

  private constructor(
    private readonly source: DataSource,
    private readonly sealer: Sealer,
    private readonly purposes: readonly string[],
    private keys: ReadonlyMap<string, SigningKey[]>,
    private seen: string,
  ) {}

  /**
   * Reads the keys, creating them on first use, and follows their changes until {@link close}.
   * @param keysMaxAge milliseconds for which other services may use an old key set. This replica reads the
   *   database four times in that period, so a rotated key signs before a dropped key is refused.
   */
  static async open(
    source: DataSource,
    sealer: Sealer,
    purposes: readonly string[],
    keysMaxAge = 4 * keyRefreshInterval,
  ): Promise<KeyRing> {
    const keys = await readAll(source, sealer, purposes);
    const ring = new KeyRing(source, sealer, purposes, keys, await stateOf(source, purposes));
    ring.timer = setInterval(() => void ring.refresh().catch(() => undefined), keysMaxAge / 4);
    ring.timer.unref();
    return ring;
  }

  /** Newest first: the first key signs, all keys verify. */
  of(purpose: string): SigningKey[] {
    return this.keys.get(purpose) ?? [];
  }

  /** Registers a callback for changes of the keys. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Reads the keys again when they have changed in the database.
   * @throws when the database is unavailable
   */
  refresh(): Promise<void> {
    this.refreshing ??= this.read().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async read(): Promise<void> {
    const state = await stateOf(this.source, this.purposes);
    if (state === this.seen) return;
    this.keys = await readAll(this.source, this.sealer, this.purposes);
    this.seen = state;
    for (const listener of this.listeners) listener();
  }
}

async function readAll(source: DataSource, sealer: Sealer, purposes: readonly string[]) {
  const entries = await Promise.all(
    purposes.map(async (purpose) => [purpose, await signingKeys(source, sealer, purpose)] as const),
  );
  return new Map(entries);
}

/** Changes with every step of a rotation, and needs no opening of sealed keys. */
async function stateOf(source: DataSource, purposes: readonly string[]): Promise<string> {
  const rows = await rowsOf<{ key: string }>(
    source,
    `SELECT concat_ws(' ', purpose, kid, created_at) AS key FROM signing_key WHERE purpose = ANY($1) ORDER BY 1`,
    [purposes],
  );
  return rows.map(({ key }) => key).join('\n');
}
