import type { Text } from '../postgres/database.js';

/** Lets other requests run while a long text is written. */
export interface Pauses {
  readonly isDue: boolean;
  yield(): Promise<void>;
}

/** Bytes that are copied before the clock is read: some 20 µs of work. */
const portion = 65_536;

/**
 * Concatenates texts: to UTF-8 bytes when some of them are bytes, otherwise to a string. The bytes of a page
 * of a thousand resources are copied in portions, between which other requests run.
 */
export async function concat(parts: readonly Text[], pauses: Pauses): Promise<Text> {
  if (!parts.some((part) => typeof part !== 'string')) return parts.join('');
  const pieces: Text[] = [];
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') text += part;
    else {
      pieces.push(text, part);
      text = '';
    }
  }
  pieces.push(text);
  let length = 0;
  for (const piece of pieces) length += Buffer.byteLength(piece);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  let checkedAt = 0;
  for (const piece of pieces) {
    at += typeof piece === 'string' ? bytes.write(piece, at) : piece.copy(bytes, at);
    if (at - checkedAt < portion) continue;
    checkedAt = at;
    if (pauses.isDue) await pauses.yield();
  }
  return bytes;
}
