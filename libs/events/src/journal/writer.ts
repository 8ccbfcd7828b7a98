import { randomUUID } from 'node:crypto';
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { lineOf, type JournalEntry } from './entry.js';

/**
 * After this many milliseconds or bytes the writer starts a new file. Compaction touches only older files.
 */
export const longestOpen = 24 * 3600_000;
const largestFile = 64 * 1024 * 1024;

/** The journal's file was deleted or replaced: entries written before may be lost. */
export class JournalVanished extends Error {}

/**
 * Appends entries to the writer's own file, `<service>-<uuid>.ndjson`. An entry is durable when {@link
 * append} has resolved: by then the file and its directory are on the disk.
 */
export class JournalWriter {
  private file:
    { path: string; handle: FileHandle; database: string; openedAt: number; bytes: number } | undefined;

  constructor(
    private readonly directory: string,
    private readonly service: string,
  ) {}

  /**
   * @param entries of one database, in order
   * @throws Error when some entries may not be on the disk; appending them again is safe
   */
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
      // The file may end with a torn line, so the next entries go into a new file.
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
 * Detects a deleted or moved file, or an unmounted disk. Writes still succeed then, but no reader finds the
 * entries.
 * @throws JournalVanished
 */
async function refuseVanished({ path, handle }: { path: string; handle: FileHandle }): Promise<void> {
  const opened = await handle.stat({ bigint: true });
  const named = await stat(path, { bigint: true }).catch(() => undefined);
  if (named?.ino !== opened.ino || named.dev !== opened.dev)
    throw new JournalVanished(`${path} was deleted or replaced while it was written`);
}

/** A new file name is durable only when its directory is on the disk, too. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
