/**
 * Makes absolute references of the payer's own servers local: `https://own.example/fhir/Patient/1` becomes
 * `Patient/1`. Only members `reference`, and `url` of a Binary (an attachment), are references to resources.
 * @param bases FHIR base URLs, without a trailing slash
 */
export function ownReferences(bases: readonly string[]): (text: string) => string {
  if (bases.length === 0) return (text) => text;
  // Some writers escape each slash of a JSON string.
  const escaped = bases.map((base) =>
    base.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('/', String.raw`\\?/`),
  );
  const slash = String.raw`\\?/`;
  const own = new RegExp(
    String.raw`("reference"\s*:\s*")(?:${escaped.join('|')})${slash}(?=[A-Z][A-Za-z]+(?:\?|${slash}))` +
      `|` +
      String.raw`("url"\s*:\s*")(?:${escaped.join('|')})${slash}(?=Binary${slash})`,
    'g',
  );
  return (text) =>
    bases.some((base) => text.includes(base) || text.includes(base.replaceAll('/', '\\/')))
      ? text.replace(own, (_, reference?: string, url?: string) => reference ?? url ?? '')
      : text;
}
