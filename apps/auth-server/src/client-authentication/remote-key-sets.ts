import { setTimeout as sleep } from 'node:timers/promises';
import { BoundedCache, fetchDocument, type FetchedDocument, type OutboundTarget } from '@payer/service';
import { fitKeys, keySet, type KeySet } from '@payer/smart';

type Keys = KeySet['keys'];

/** Milliseconds. */
const maxAge = 5 * 60_000;
/** Milliseconds for which the last keys serve while their address does not answer. */
const maxAgeWhenAway = 60 * 60_000;
/** Milliseconds until the next try while the address does not answer. */
const retryWhenAway = 30_000;
/** Milliseconds between two fetches of one key set: anybody can send an unknown kid. */
const pause = 1000;
/** The most requests that wait for one fetch. Beyond this number an unknown kid is refused at once. */
const maxWaiting = 50;
const fetchOptions = {
  accept: 'application/jwk-set+json, application/json',
  timeout: 5000,
  maxBytes: 64_000,
};
const maxKeySets = 1000;

interface Entry {
  keys: Keys;
  /** Milliseconds of {@link performance}. */
  fetchedAt: number;
  freshUntil: number;
  triedAt: number;
  fetching?: Promise<void> | undefined;
  /** The fetch after the one under way, for keys that are newer than it. */
  next?: Promise<void> | undefined;
  waiting: number;
}

/**
 * The public keys of apps that register an address (`jwks_uri`). A key set is kept for five minutes, or
 * shorter if its Cache-Control says so (SMART 2.2), and fetched again when an assertion names an unknown key.
 */
export class RemoteKeySets {
  private readonly entries = new BoundedCache<string, Entry>(maxKeySets);

  constructor(private readonly target: OutboundTarget) {}

  /**
   * Returns the keys of a key set.
   * @param isAgain whether the known keys did not verify a signature, so that newer keys are needed
   * @throws Error that says why the address gave no keys
   */
  async keysOf(url: string, isAgain: boolean): Promise<Keys> {
    const entry = this.entryOf(url);
    if (isAgain) await this.fetchNext(url, entry);
    else if (performance.now() >= entry.freshUntil) await this.fetchOrKeep(url, entry);
    return entry.keys;
  }

  private entryOf(url: string): Entry {
    const known = this.entries.get(url);
    if (known) return known;
    const entry: Entry = {
      keys: [],
      fetchedAt: -Infinity,
      freshUntil: -Infinity,
      triedAt: -Infinity,
      waiting: 0,
    };
    this.entries.set(url, entry);
    return entry;
  }

  private async fetchOrKeep(url: string, entry: Entry): Promise<void> {
    try {
      await this.fetch(url, entry);
    } catch (error) {
      if (performance.now() - entry.fetchedAt > maxAgeWhenAway) throw error;
      // The kept keys serve without a wait until the next try.
      entry.freshUntil = performance.now() + retryWhenAway;
    }
  }

  /** Fetches after the fetch under way, which may have been answered before the app added its key. */
  private async fetchNext(url: string, entry: Entry): Promise<void> {
    if (entry.waiting >= maxWaiting) return;
    entry.waiting += 1;
    try {
      await (entry.next ??= this.fetchAfterPause(url, entry).finally(() => (entry.next = undefined)));
    } finally {
      entry.waiting -= 1;
    }
  }

  private async fetchAfterPause(url: string, entry: Entry): Promise<void> {
    await entry.fetching?.catch(() => undefined);
    const left = entry.triedAt + pause - performance.now();
    if (left > 0) await sleep(left);
    await this.fetch(url, entry);
  }

  private fetch(url: string, entry: Entry): Promise<void> {
    return (entry.fetching ??= this.fetchOnce(url, entry).finally(() => (entry.fetching = undefined)));
  }

  private async fetchOnce(url: string, entry: Entry): Promise<void> {
    entry.triedAt = performance.now();
    const document = await fetchDocument(this.target, url, fetchOptions);
    entry.keys = fitKeys(parse(document.text));
    entry.fetchedAt = performance.now();
    entry.freshUntil = entry.fetchedAt + Math.min(maxAge, allowedAge(document));
  }
}

/** @throws Error without the text, which may be any document */
function parse(text: string): KeySet {
  try {
    return keySet.parse(JSON.parse(text));
  } catch {
    throw new Error('the document is no JSON Web Key Set');
  }
}

/** Milliseconds for which Cache-Control allows to keep the document. */
function allowedAge({ headers }: FetchedDocument): number {
  const control = headers['cache-control'] ?? '';
  if (/\bno-(store|cache)\b/i.test(control)) return 0;
  const seconds = /\bmax-age=(\d{1,9})/i.exec(control)?.[1];
  return seconds === undefined ? Infinity : Number(seconds) * 1000;
}
