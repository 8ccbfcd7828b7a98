import type { Definitions, ParameterDefinition } from './definitions.js';

/**
 * The rules of which the index values of stored resources depend: one for each search parameter, by type and
 * code. Two rules are equal when they give the same index values for every resource.
 */
export type IndexRules = Record<string, Record<string, string>>;

const ruleOf = ({ type, expression, number, slot, system, components }: ParameterDefinition): string =>
  JSON.stringify([
    type,
    expression,
    number,
    slot ?? null,
    system ?? null,
    components?.map((component) => [component.code, component.type, component.expression]) ?? null,
  ]);

export const indexRules = ({ types }: Definitions): IndexRules =>
  Object.fromEntries(
    Object.entries(types).map(([type, { parameters }]) => [
      type,
      Object.fromEntries(Object.entries(parameters).map(([code, one]) => [code, ruleOf(one)])),
    ]),
  );

/** Search parameters as `Type?code`. */
export interface DefinitionChanges {
  added: string[];
  gone: string[];
  redefined: string[];
  /** Types whose stored resources lack index values: those with an added or redefined parameter. */
  typesToReindex: string[];
}

export function changesBetween(before: IndexRules, after: IndexRules): DefinitionChanges {
  const changes: DefinitionChanges = { added: [], gone: [], redefined: [], typesToReindex: [] };
  for (const type of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[type] ?? {}, after[type] ?? {}];
    const named = (codes: string[]) => codes.map((code) => `${type}?${code}`);
    const added = Object.keys(now).filter((code) => old[code] === undefined);
    const redefined = Object.keys(now).filter((code) => old[code] !== undefined && old[code] !== now[code]);
    changes.added.push(...named(added));
    changes.redefined.push(...named(redefined));
    changes.gone.push(...named(Object.keys(old).filter((code) => now[code] === undefined)));
    if (added.length + redefined.length > 0) changes.typesToReindex.push(type);
  }
  return changes;
}
