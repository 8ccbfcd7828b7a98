import type { Text } from '../postgres/database.js';

/** Concatenates texts: to UTF-8 bytes when some of them are bytes, otherwise to a string. */
export function concat(parts: readonly Text[]): Text {
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
