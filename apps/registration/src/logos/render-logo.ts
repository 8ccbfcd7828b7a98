import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Problem } from '@payer/service';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { formatOf, statedSize, type PictureFormat } from './picture-size.js';
import { svgProblem } from './svg-rules.js';

/** Most bytes of an uploaded file. */
export const maxLogoBytes = 200_000;
/** Width and height of a stored logo in pixels. */
const side = 256;
/** Most pixels of width or height of an uploaded picture: a small file can unfold into a huge one. */
const maxSide = 2048;

const contentTypes: Record<PictureFormat, string> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  svg: 'image/svg+xml',
};

let engine: Promise<void> | undefined;

/** Starts the renderer once. */
function startEngine(): Promise<void> {
  const code = createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm');
  engine ??= readFile(code).then((bytes) => initWasm(bytes));
  return engine;
}

/**
 * Draws an uploaded file anew as a square PNG. Nothing of the file is kept but its picture: no script, no
 * link, no metadata, and no second format hidden in it.
 * @throws Problem 400 that names the fault of the file
 */
export async function renderLogo(file: Buffer): Promise<Buffer> {
  const contentType = contentTypes[checkedFormat(file)];
  await startEngine();
  const href = `data:${contentType};base64,${file.toString('base64')}`;
  const canvas = new Resvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">` +
      `<image href="${href}" width="${side}" height="${side}"/></svg>`,
    { font: { loadSystemFonts: false } },
  );
  try {
    const drawing = canvas.render();
    // The renderer leaves out a picture that it cannot decode.
    if (drawing.pixels.every((part) => part === 0)) throw refused('cannot be read, or is empty');
    return Buffer.from(drawing.asPng());
  } finally {
    canvas.free();
  }
}

/** @throws Problem 400 for a file that must not be decoded */
function checkedFormat(file: Buffer): PictureFormat {
  if (file.length > maxLogoBytes) throw refused(`must have at most ${maxLogoBytes} bytes`);
  const format = formatOf(file);
  if (!format) throw refused('must be a PNG, JPEG or SVG picture');
  if (format === 'svg') {
    const problem = svgProblem(file.toString('utf8'));
    if (problem) throw refused(problem);
    return format;
  }
  const size = statedSize(file, format);
  if (!size || size.width < 1 || size.height < 1) throw refused('has a broken header');
  if (size.width > maxSide || size.height > maxSide)
    throw refused(`must have at most ${maxSide} × ${maxSide} pixels; it has ${size.width} × ${size.height}`);
  return format;
}

const refused = (problem: string) =>
  new Problem(400, 'invalid_request', `logo: ${problem}`, [{ field: 'logo', message: problem }]);
