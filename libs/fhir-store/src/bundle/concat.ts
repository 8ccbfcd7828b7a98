import type { Text } from '../postgres/database.js';

/** The parts one after another: as UTF-8 when some are bytes, which stay as they are; else as a string. */
export function joined(parts: readonly Text[]): Text {
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
  for (const piece of pieces)
    at += typeof piece === 'string' ? bytes.write(piece, at) : piece.copy(bytes, at);
  return bytes;
}
