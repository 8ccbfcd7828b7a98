import { typeDefinition } from '../definitions/definitions.js';
import { jsonItems, jsonMembers, jsonObject } from '../json/members.js';

/** A tree of the elements that a summary omits. An element without further elements is omitted as a whole. */
type LeftOut = Map<string, LeftOut>;

const leftOutOf = new Map<string, LeftOut>();

/** The paths of a type that are not in the summary, as a tree. */
function leftOut(type: string): LeftOut {
  let root = leftOutOf.get(type);
  if (!root) {
    root = new Map();
    for (const path of typeDefinition(type).notInSummary)
      path.split('.').reduce((at, name) => {
        const below: LeftOut = at.get(name) ?? new Map();
        at.set(name, below);
        return below;
      }, root);
    leftOutOf.set(type, root);
  }
  return root;
}

/**
 * The part of a top-level element that R4 marks as summary (FHIR R4 §3.1.1.5.8, `isSummary` in the
 * definitions), at every depth.
 * @param value the JSON text of the element
 * @returns undefined when no part is marked
 */
export const elementInSummary = (type: string, name: string, value: string): string | undefined =>
  isWhole(name) ? value : partInSummary(value, leftOut(type).get(name));

/** Modifier extensions stay in the summary as a whole. */
const isWhole = (name: string) => name === 'modifierExtension';

function partInSummary(value: string, left: LeftOut | undefined): string | undefined {
  if (value.startsWith('[')) {
    const items = jsonItems(value)
      .map((item) => partInSummary(item, left))
      .filter((item) => item !== undefined);
    return items.length === 0 ? undefined : `[${items.join(',')}]`;
  }
  if (!value.startsWith('{')) return value;
  const members = jsonMembers(value);
  const kept: [string, string][] = [];
  let isCut = false;
  for (const [name, own] of members) {
    const element = name.replace(/^_/, '');
    if (isOfElement(name) || (name !== element && !standsIn(members.get(element)))) continue;
    const below = left?.get(element);
    const part = below?.size === 0 ? undefined : isWhole(element) ? own : partInSummary(own, below);
    if (part === undefined) isCut = true;
    else kept.push([name, part]);
  }
  if (kept.length > 0) return jsonObject(kept);
  // An element has a value or children (ele-1), so an element that has only extensions keeps them.
  return isCut ? undefined : value;
}

/** Every element may have these members; R4 does not mark them. */
const isOfElement = (name: string) => name === 'id' || name === 'extension';

/**
 * Whether the extensions of a primitive (`_name`) stand for a missing value, or for a missing entry of its
 * array.
 */
export const standsIn = (value: string | undefined): boolean =>
  value === undefined || (value.startsWith('[') && jsonItems(value).includes('null'));
