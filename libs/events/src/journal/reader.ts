import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { entryOf, type JournalEntry } from './entry.js';

/** How far each database is known to hold what the journal holds: entry numbers by id of the database. */
export type JournalPositions = Readonly<Record<string, number>>;

/** What the journal holds beyond what a database knows. */
export interface UnknownEntries {
  /** In order of their numbers, database by database. */
  entries: JournalEntry[];
  /** The last number of each database of which the journal has anything. */
  last: Record<string, number>;
  /** What is missing or damaged, in words; empty when the journal is whole. */
  faults: string[];
}

interface Tail {
  size: number;
  modified: number;
  last: JournalEntry | undefined;
}

/** Bytes read from the end of a file for its last entry: more than an event may have. */
const tailLength = 512 * 1024;

/** Reads the journal of a service: the files of all its writers together. */
export class JournalReader {
  private readonly tails = new Map<string, Tail>();

  constructor(
    readonly directory: string,
    private readonly service: string,
  ) {}

  /** @throws Error when the directory cannot be read; one that does not exist is an empty journal */
  async files(): Promise<string[]> {
    const names = await readdir(this.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => name.startsWith(`${this.service}-`) && name.endsWith('.ndjson')).sort();
  }

  /** The entries that a database which knows the given positions lacks. Reads only files that hold some. */
  async unknown(positions: JournalPositions): Promise<UnknownEntries> {
    const entries: JournalEntry[] = [];
    const last: Record<string, number> = {};
    const faults: string[] = [];
    for (const name of await this.files()) {
      const tail = await this.tail(join(this.directory, name));
      if (!tail) continue;
      const { database, number } = tail;
      last[database] = Math.max(last[database] ?? 0, number);
      if (number <= (positions[database] ?? 0)) continue;
      for await (const { entry, line, isLast } of readEntries(join(this.directory, name)))
        if (!entry) {
          if (!isLast) faults.push(`line ${line} of ${name} is damaged`);
        } else if (entry.number > (positions[entry.database] ?? 0)) entries.push(entry);
    }
    entries.sort((a, b) => compare(a.database, b.database) || a.number - b.number);
    return { entries, last, faults: [...faults, ...gaps(entries, positions, last)] };
  }

  /** Every entry there is, file by file. */
  async *all(): AsyncGenerator<JournalEntry> {
    for (const name of await this.files())
      for await (const { entry } of readEntries(join(this.directory, name))) if (entry) yield entry;
  }

  /** The last whole entry of a file. A file that has not changed is not read again. */
  private async tail(path: string): Promise<JournalEntry | undefined> {
    const { size, mtimeMs: modified } = await stat(path);
    const known = this.tails.get(path);
    if (known && known.size === size && known.modified === modified) return known.last;
    const file = await open(path, 'r');
    try {
      const start = Math.max(0, size - tailLength);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
      let last: JournalEntry | undefined;
      while (!last && lines.length > 0) last = entryOf(lines.pop()!);
      this.tails.set(path, { size, modified, last });
      return last;
    } finally {
      await file.close();
    }
  }
}

/** The lines of a file. A line that is torn or changed has no entry; as the last one, a crash has torn it. */
export async function* readEntries(
  path: string,
): AsyncGenerator<{ entry: JournalEntry | undefined; line: number; isLast: boolean }> {
  let line = 0;
  let previous: string | undefined;
  const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity });
  for await (const text of lines) {
    if (previous !== undefined) yield { entry: entryOf(previous), line, isLast: false };
    previous = text;
    line += 1;
  }
  if (previous !== undefined) yield { entry: entryOf(previous), line, isLast: true };
}

/** Numbers that no file holds and no compaction has marked. */
function gaps(
  entries: readonly JournalEntry[],
  positions: JournalPositions,
  last: Readonly<Record<string, number>>,
): string[] {
  const faults: string[] = [];
  for (const [database, end] of Object.entries(last)) {
    const own = entries.filter((entry) => entry.database === database);
    const marked = Math.max(0, ...own.filter(({ event }) => event === null).map(({ number }) => number));
    const start = Math.max(positions[database] ?? 0, marked);
    let expected = start + 1;
    for (const { number } of own.filter((entry) => entry.number > start)) {
      if (number > expected)
        faults.push(`entries ${expected} to ${number - 1} of database ${database} are missing`);
      expected = Math.max(expected, number + 1);
    }
    if (expected <= end) faults.push(`entries ${expected} to ${end} of database ${database} are missing`);
  }
  for (const [database, known] of Object.entries(positions))
    if (known > 0 && (last[database] ?? 0) < known)
      faults.push(
        `the journal ends at entry ${last[database] ?? 0} of database ${database}, which knows ${known}`,
      );
  return faults;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
