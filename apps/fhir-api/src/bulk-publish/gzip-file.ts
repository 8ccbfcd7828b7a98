import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A gzip file that is written part by part. The file is on the disk when {@link close} has resolved. */
export class GzipFile {
  private readonly gzip = createGzip();
  private readonly written: Promise<void>;

  /** Truncates a file that is there. Everybody may read the file. */
  constructor(path: string) {
    const file = createWriteStream(path, { mode: 0o644, flush: true });
    this.written = pipeline(this.gzip, file);
    // Without a handler, a failure between two writes would end the process.
    this.written.catch(() => undefined);
  }

  async write(text: string | Buffer): Promise<void> {
    if (!this.gzip.write(text)) await Promise.race([once(this.gzip, 'drain'), this.written]);
  }

  async close(): Promise<void> {
    this.gzip.end();
    await this.written;
  }

  /** Frees the file after a failure. */
  async abandon(): Promise<void> {
    this.gzip.destroy();
    await this.written.catch(() => undefined);
  }
}

/** Bytes of a gzip file's content: its last four bytes (RFC 1952 §2.3.1). Right below 4 GiB. */
export async function contentSize(path: string): Promise<number> {
  const { size } = await stat(path);
  const handle = await open(path, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, size - 4);
    return buffer.readUInt32LE();
  } finally {
    await handle.close();
  }
}
