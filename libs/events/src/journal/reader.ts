import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { entryOf, type JournalEntry } from './entry.js';

/** For each database id, the number of the journal entry up to which the database holds all entries. */
export type JournalPositions = Readonly<Record<string, number>>;

/** Journal entries that a database lacks. */
export interface UnknownEntries {
  /** Ordered by database, then by number. */
  entries: JournalEntry[];
  /** The last entry number of each database that occurs in the journal. */
  last: Record<string, number>;
  /** Descriptions of missing or damaged entries; empty when the journal is complete. */
  faults: string[];
}

interface Tail {
  size: number;
  modified: number;
  last: JournalEntry | undefined;
}

/** Bytes to read from the end of a file to find its last entry: more than the largest event. */
const tailLength = 512 * 1024;

/** Reads the journal of a service, merged from the files of all its writers. */
export class JournalReader {
  private readonly tails = new Map<string, Tail>();

  constructor(
    readonly directory: string,
    private readonly service: string,
  ) {}

  /** @throws Error when the directory cannot be read. A missing directory is an empty journal. */
  async files(): Promise<string[]> {
    const names = await readdir(this.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    return names.filter((name) => name.startsWith(`${this.service}-`) && name.endsWith('.ndjson')).sort();
  }

  /**
   * The entries that a database at the given positions lacks. Reads only the files that hold such entries.
   */
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

  /** All entries, file by file. */
  async *all(): AsyncGenerator<JournalEntry> {
    for (const name of await this.files())
      for await (const { entry } of readEntries(join(this.directory, name))) if (entry) yield entry;
  }

  /** The last complete entry of a file. Rereads a file only when it has changed. */
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

/** The lines of a file. A torn or changed line has no entry. A torn last line is the trace of a crash. */
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

/** Entry numbers that are in no file and below no mark of a compaction. */
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
