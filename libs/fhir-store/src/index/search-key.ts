/*
 * A search compares whole index keys with rows that have dozens of them. For PostgreSQL, comparing numbers
 * costs a sixth of comparing texts, and the indexes are smaller. JavaScript has 53 bits exactly: a row of 50
 * keys is found by a key that it does not have once in 10^14 comparisons.
 */

const encoder = new TextEncoder();
let bytes = new Uint8Array(1024);

/**
 * Most keys are ASCII: writing their bytes here is faster than a call to the encoder.
 * @returns the number of bytes
 */
function encoded(token: string): number {
  // Strings have a dozen shapes in V8, so reading the length is a call. Once, not for each character.
  const { length } = token;
  if (length * 3 > bytes.length) bytes = new Uint8Array(length * 6);
  for (let i = 0; i < length; i++) {
    const code = token.charCodeAt(i);
    if (code > 0x7f) return encoder.encodeInto(token, bytes).written;
    bytes[i] = code;
  }
  return length;
}

const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));

/**
 * The number of an index key in a row's `keys`: the lower 53 bits of PostgreSQL's `hashtextextended(token,
 * 0)`, which is Bob Jenkins's lookup3 and the same in every version, because hash partitions rest on it.
 */
export function searchKey(token: string): number {
  const length = encoded(token);
  let a = (0x9e3779b9 + length + 3923095) | 0;
  let b = a;
  let c = a;
  let at = 0;
  const word = (i: number) =>
    bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
  for (; length - at >= 12; at += 12) {
    a = (a + word(at)) | 0;
    b = (b + word(at + 4)) | 0;
    c = (c + word(at + 8)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  // The last up to eleven bytes; the lowest byte of c stands for the length.
  for (let i = 0; at < length; i++, at++) {
    const value = bytes[at]!;
    if (i < 4) a = (a + (value << (8 * i))) | 0;
    else if (i < 8) b = (b + (value << (8 * (i - 4)))) | 0;
    else c = (c + (value << (8 * (i - 7)))) | 0;
  }
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return (b & 0x1f_ffff) * 0x1_0000_0000 + (c >>> 0);
}

/** {@link searchKey} of an SQL expression of type text. */
export const searchKeySql = (token: string) => `(hashtextextended(${token}, 0) & 9007199254740991)`;
