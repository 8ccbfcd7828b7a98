import { typeDefinition } from '../definitions/definitions.js';
import { jsonItems, jsonMembers, jsonObject } from '../json/members.js';

/**
 * The elements that a summary leaves out below an element; one without elements below it is left out as a
 * whole.
 */
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
 * definitions), down to its last element.
 * @param value the element as it is written
 * @returns undefined when nothing of it is
 */
export const elementInSummary = (type: string, name: string, value: string): string | undefined =>
  isWhole(name) ? value : partInSummary(value, leftOut(type).get(name));

/** Extensions that change the meaning stay in the summary as a whole. */
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
  // An element has a value or children (ele-1): one that has nothing but extensions keeps them.
  return isCut ? undefined : value;
}

/** What every element may have; R4 does not mark it. */
const isOfElement = (name: string) => name === 'id' || name === 'extension';

/**
 * Whether extensions of a primitive (`_name`) say what its value does not: it has none, or not everywhere.
 */
export const standsIn = (value: string | undefined): boolean =>
  value === undefined || (value.startsWith('[') && jsonItems(value).includes('null'));
