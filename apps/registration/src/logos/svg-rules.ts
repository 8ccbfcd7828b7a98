/**
 * Elements that an uploaded SVG may have: shapes, paint and structure. Elements that repeat, filter or load
 * something are not among them, because they make a small file expensive to draw.
 */
const allowedElements = new Set([
  ...['svg', 'g', 'defs', 'title', 'desc', 'metadata', 'style'],
  ...['path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon'],
  ...['linearGradient', 'radialGradient', 'stop'],
]);

/** The most elements of an SVG. */
const maxElements = 2000;

/**
 * The reason why an SVG is refused, or undefined. Every start tag of XML begins with `<` and the name of the
 * element, so a list of these names is complete. Text that only looks like a tag is refused as well.
 */
export function svgProblem(text: string): string | undefined {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) return 'must not have a document type or entities';
  const names = [...text.matchAll(/<([^\s/>!?][^\s/>]*)/g)].map(([, name = '']) => name);
  if (names.length > maxElements) return `must have at most ${maxElements} elements`;
  const foreign = names.find((name) => !allowedElements.has(name));
  return foreign === undefined
    ? undefined
    : `must not have the element <${foreign.slice(0, 40)}>; draw it with shapes, or send a PNG`;
}
