import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { Problem, TooManyRequests } from '@payer/service';
import { formatOf, statedSize, type PictureFormat } from './picture-size.js';
import { svgProblem } from './svg-rules.js';

/** The most bytes of an uploaded file. */
export const maxLogoBytes = 200_000;
/** Width and height of a stored logo in pixels. */
const side = 256;
/** The most pixels of width or height of an uploaded picture: a small file can unfold into a huge one. */
const maxSide = 2048;

const contentTypes: Record<PictureFormat, string> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  svg: 'image/svg+xml',
};

/** Milliseconds for one drawing: a small file can be endless work. */
export const drawingTime = 5000;

/** Draws one SVG in a thread, and posts the PNG, or null when nothing can be seen. */
const drawing = `
  const { parentPort, workerData: { engine, code, svg } } = require('node:worker_threads');
  const { initWasm, Resvg } = require(engine);
  initWasm(require('node:fs').readFileSync(code)).then(() => {
    const drawn = new Resvg(svg, { font: { loadSystemFonts: false } }).render();
    parentPort.postMessage(drawn.pixels.every((part) => part === 0) ? null : drawn.asPng());
  });`;

/** The most drawings that are under way or wait: the last of them begins within a minute. */
const longestQueue = Math.floor(60_000 / drawingTime);
/** Seconds after which a refused upload may come again: the longest drawing. */
const comeAgain = drawingTime / 1000;

/** The drawing under way. One at a time, so that uploads leave the other processors to requests. */
let last: Promise<unknown> = Promise.resolve();
/** Who has a drawing that is under way or waits. */
const waiting = new Set<string>();

/**
 * Draws an uploaded file again as a square PNG. Nothing of the file is kept but its picture: no script, no
 * link, no metadata, and no second format hidden in it. An owner has one drawing at a time, so that nobody
 * waits behind the many files of another.
 * @param milliseconds after which the drawing is given up
 * @throws Problem 400 that names the fault of the file; TooManyRequests
 */
export async function renderLogo(owner: string, file: Buffer, milliseconds = drawingTime): Promise<Buffer> {
  const contentType = contentTypes[checkedFormat(file)];
  if (waiting.has(owner)) throw tooMany('logos of yours at once');
  if (waiting.size >= longestQueue) throw tooMany('logos at once');
  waiting.add(owner);
  const href = `data:${contentType};base64,${file.toString('base64')}`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">` +
    `<image href="${href}" width="${side}" height="${side}"/></svg>`;
  const mine = last.then(() => draw(svg, milliseconds)).finally(() => waiting.delete(owner));
  last = mine.catch(() => undefined);
  return mine;
}

const tooMany = (what: string) =>
  new TooManyRequests(
    { isAllowed: false, retryAfter: comeAgain, headers: { 'retry-after': String(comeAgain) } },
    what,
  );

async function draw(svg: string, milliseconds: number): Promise<Buffer> {
  const { resolve } = createRequire(import.meta.url);
  const [engine, code] = [resolve('@resvg/resvg-wasm'), resolve('@resvg/resvg-wasm/index_bg.wasm')];
  const worker = new Worker(drawing, { eval: true, workerData: { engine, code, svg } });
  let timer: NodeJS.Timeout | undefined;
  try {
    const png = await new Promise<Uint8Array | null>((done, fail) => {
      timer = setTimeout(() => fail(refused('takes too long to draw; send a PNG')), milliseconds);
      worker.once('message', done);
      worker.once('error', fail);
    });
    // The renderer leaves out a picture that it cannot decode.
    if (!png) throw refused('cannot be read, or is empty');
    return Buffer.from(png);
  } finally {
    clearTimeout(timer);
    await worker.terminate();
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
