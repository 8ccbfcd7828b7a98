import { randomUUID } from 'node:crypto';
import { open, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { lineOf, type JournalEntry } from './entry.js';
import { JournalReader, readEntries } from './reader.js';
import { longestOpen, syncDirectory } from './writer.js';

export interface CompactionOptions {
  directory: string;
  service: string;
  /** Days for which a backup may be restored (JOURNAL_KEPT_DAYS). Compaction keeps younger entries. */
  keptDays: number;
  /**
   * Whether an older entry is needed: its subject is still usable, and no later entry supersedes the entry.
   */
  isNeeded(entry: JournalEntry & { event: object }, isNewest: boolean): boolean;
  now?: number;
}

/**
 * Merges the files that no writer has open into one file per database, without the entries that are no longer
 * needed. After a crash the old files, the new file, or both exist; a duplicate entry is applied once.
 * @returns the numbers of entries before and after
 */
export async function compactJournal(options: CompactionOptions): Promise<{ before: number; after: number }> {
  const { directory, service, now = Date.now() } = options;
  const closed: string[] = [];
  for (const name of await new JournalReader(directory, service).files()) {
    const { mtimeMs } = await stat(join(directory, name));
    if (now - mtimeMs > 2 * longestOpen) closed.push(name);
  }
  const entries: (JournalEntry & { event: object })[] = [];
  const through = new Map<string, number>();
  for (const name of closed)
    for await (const { entry, line, isLast } of readEntries(join(directory, name))) {
      if (!entry && !isLast) throw new Error(`line ${line} of ${name} is damaged; nothing was compacted`);
      if (!entry) continue;
      through.set(entry.database, Math.max(through.get(entry.database) ?? 0, entry.number));
      if (entry.event) entries.push(entry as JournalEntry & { event: object });
    }
  const newest = new Map<string, JournalEntry>();
  const keyOf = ({ event }: JournalEntry) => `${event!.type.split('-')[0]} ${event!.subject}`;
  for (const entry of entries)
    if (entry.at >= (newest.get(keyOf(entry))?.at ?? '')) newest.set(keyOf(entry), entry);
  const oldest = now - options.keptDays * 24 * 3600_000;
  const kept = entries.filter(
    (entry) => Date.parse(entry.at) >= oldest || options.isNeeded(entry, newest.get(keyOf(entry)) === entry),
  );
  for (const [database, number] of through) {
    const own = kept.filter((entry) => entry.database === database).sort((a, b) => a.number - b.number);
    const mark = { database, number, at: new Date(now).toISOString(), event: null };
    await writeWhole(directory, service, [...own, mark]);
  }
  for (const name of closed) await unlink(join(directory, name));
  if (closed.length > 0) await syncDirectory(directory);
  return { before: entries.length, after: kept.length };
}

async function writeWhole(directory: string, service: string, entries: readonly JournalEntry[]) {
  const path = join(directory, `${service}-${randomUUID()}.ndjson`);
  const file = await open(`${path}.part`, 'wx', 0o600);
  try {
    for (const entry of entries) await file.write(lineOf(entry));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
  await syncDirectory(directory);
}
