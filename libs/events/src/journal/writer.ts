import { randomUUID } from 'node:crypto';
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { lineOf, type JournalEntry } from './entry.js';

/** A file is left for a new one after this many milliseconds or bytes; compaction touches only files that are older. */
export const longestOpen = 24 * 3600_000;
const largestFile = 64 * 1024 * 1024;

/** The file of the journal is gone or another one: entries of before may be lost. */
export class JournalVanished extends Error {}

/**
 * Appends entries to a file that only this writer writes, `<service>-<uuid>.ndjson`. An entry is kept when
 * {@link append} has resolved: file and directory are on the disk then.
 */
export class JournalWriter {
  private file:
    { path: string; handle: FileHandle; database: string; openedAt: number; bytes: number } | undefined;

  constructor(
    private readonly directory: string,
    private readonly service: string,
  ) {}

  /** @param entries of one database, in order @throws Error when they may not all be on the disk; they can be appended again */
  async append(entries: readonly JournalEntry[]): Promise<void> {
    const [first] = entries;
    if (!first) return;
    try {
      const file = await this.fileFor(first.database);
      const bytes = Buffer.from(entries.map(lineOf).join(''));
      const { bytesWritten } = await file.handle.write(bytes);
      if (bytesWritten < bytes.length) throw new Error('the disk is full');
      await file.handle.datasync();
      await refuseVanished(file);
      file.bytes += bytes.length;
    } catch (error) {
      // The file may end with a torn line: the next entries go into another.
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  private async fileFor(database: string) {
    const { file } = this;
    const isGood =
      file &&
      file.database === database &&
      Date.now() - file.openedAt < longestOpen &&
      file.bytes < largestFile;
    if (isGood) return file;
    await this.close();
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const path = join(this.directory, `${this.service}-${randomUUID()}.ndjson`);
    const handle = await open(path, 'ax', 0o600);
    this.file = { path, handle, database, openedAt: Date.now(), bytes: 0 };
    await syncDirectory(this.directory);
    return this.file;
  }
}

/**
 * A file that was deleted or moved, or whose disk was unmounted, takes entries as before, and nobody will read them.
 * @throws JournalVanished
 */
async function refuseVanished({ path, handle }: { path: string; handle: FileHandle }): Promise<void> {
  const opened = await handle.stat({ bigint: true });
  const named = await stat(path, { bigint: true }).catch(() => undefined);
  if (named?.ino !== opened.ino || named.dev !== opened.dev)
    throw new JournalVanished(`${path} was deleted or replaced while it was written`);
}

/** A new name in a directory is safe only when the directory is on the disk, too. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
