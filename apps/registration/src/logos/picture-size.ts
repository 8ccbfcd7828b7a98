/** The formats of logos, by their first bytes. The name and the declared type of a file are not trusted. */
export type PictureFormat = 'png' | 'jpeg' | 'svg';

/** Width and height in pixels. */
export interface PictureSize {
  width: number;
  height: number;
}

export function formatOf(bytes: Buffer): PictureFormat | undefined {
  if (bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n') return 'png';
  if (bytes.subarray(0, 3).toString('hex') === 'ffd8ff') return 'jpeg';
  // An SVG file may begin with a byte order mark, an XML declaration, comments and white space.
  return /^\uFEFF?\s*(<\?xml[^>]*>\s*)?(<!--(?:(?!-->)[\s\S])*-->\s*)*<svg[\s>]/.test(bytes.toString('utf8'))
    ? 'svg'
    : undefined;
}

/**
 * The size that the header of a PNG or JPEG states, read before the picture is decoded. Undefined for a
 * broken header.
 */
export function statedSize(bytes: Buffer, format: 'png' | 'jpeg'): PictureSize | undefined {
  return format === 'png' ? sizeOfPng(bytes) : sizeOfJpeg(bytes);
}

/** PNG §11.2.2: IHDR is the first chunk. */
function sizeOfPng(bytes: Buffer): PictureSize | undefined {
  if (bytes.length < 24 || bytes.subarray(12, 16).toString('latin1') !== 'IHDR') return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** ITU T.81 §B.2.2: a frame header (SOF) states the size. Other segments before it are skipped. */
function sizeOfJpeg(bytes: Buffer): PictureSize | undefined {
  let at = 2;
  while (at + 9 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    at += 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}
