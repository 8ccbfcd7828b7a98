import { readStructures } from '../definitions/structures.js';

const { types } = readStructures();

/** Elements whose target says where, and not what. */
const places = ['location'];

/**
 * The elements of a type that have a reference where another element of the same name has a code
 * (`reasonReference` beside `reasonCode`, `medicationReference` beside `medicationCodeableConcept`), as
 * paths. They come from the definitions of R4 alone.
 */
export function referencesBesideCodes(type: string): string[] {
  const found: string[] = [];
  const walk = (of: string, before: readonly string[], path: string): void => {
    const elements = types[of] ?? [];
    const codes = elements.filter((one) => one.type === 'CodeableConcept').map(({ name }) => name);
    for (const { name, type: kind } of elements) {
      const stem = name.replace(/Reference$/, '');
      const isBesideCode = [`${stem}Code`, `${stem}CodeableConcept`].some((code) => codes.includes(code));
      if (kind === 'Reference' && stem !== name && isBesideCode && !places.includes(stem))
        found.push(`${path}${name}`);
      // An element of an element has its path as its type; an item of items is walked once.
      if (kind.startsWith(`${type}.`) && !before.includes(kind))
        walk(kind, [...before, kind], `${path}${name}.`);
    }
  };
  walk(type, [type], '');
  return found;
}
