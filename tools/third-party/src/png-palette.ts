import UPNG from 'upng-js';

/** Colours of a picture. Pages have few; the rest are the edges of letters. */
const colors = 32;

/** A screenshot with a palette: a third of its size, and no difference that a reader sees. */
export function withPalette(png: Buffer): Buffer {
  const image = UPNG.decode(png.buffer.slice(png.byteOffset, png.byteOffset + png.byteLength) as ArrayBuffer);
  return Buffer.from(UPNG.encode(UPNG.toRGBA8(image), image.width, image.height, colors));
}
