import { definitions, typeDefinition, type SearchParameterType } from './definitions/definitions.js';

/** The capabilities of the store for one resource type, for a CapabilityStatement. */
export interface TypeCapabilities {
  type: string;
  profiles: string[];
  searchInclude: string[];
  searchRevInclude: string[];
  searchParam: { name: string; definition: string; type: SearchParameterType; documentation?: string }[];
  /** Combinations of parameters that a guide requires. Other combinations work, too. */
  combinations: string[][];
}

const allTypes = Object.keys(definitions.types);

/**
 * The capabilities of every type, as the definitions state them.
 * @param readTogether sets of types that one access may have together: no reference across them is offered
 */
export function capabilitiesFor(
  readTogether: readonly ReadonlySet<string>[] = [new Set(allTypes)],
): TypeCapabilities[] {
  const areReadTogether = (one: string, other: string): boolean =>
    readTogether.some((types) => types.has(one) && types.has(other));
  return allTypes.map((type) => {
    const { profiles, parameters, combinations, includes, revincludes } = typeDefinition(type);
    const references = Object.values(parameters).filter(({ targets = [] }) =>
      targets.some((target) => areReadTogether(type, target)),
    );
    // The spellings of a guide are listed, too: `Type:code:Target`, `Type:*`.
    const and = (own: readonly string[], guides: readonly string[]) => [...new Set([...own, ...guides])];
    const referencing = allTypes
      .filter((source) => areReadTogether(source, type))
      .flatMap((source) =>
        Object.values(typeDefinition(source).parameters)
          .filter(({ targets }) => targets?.includes(type))
          .map(({ code }) => `${source}:${code}`),
      );
    return {
      type,
      profiles,
      searchInclude: and(['*', ...references.map(({ code }) => `${type}:${code}`)], includes),
      searchRevInclude: and(['*', ...referencing], revincludes),
      searchParam: Object.values(parameters).map(({ code, url, type: kind, description }) => ({
        name: code,
        definition: url,
        type: kind,
        ...(description ? { documentation: description } : {}),
      })),
      combinations,
    };
  });
}
