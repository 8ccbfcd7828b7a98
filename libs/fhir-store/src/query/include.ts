import type { CustomTypesConfig } from 'pg';
import {
  definitions,
  isServedType,
  typeDefinition,
  type ParameterDefinition,
} from '../definitions/definitions.js';
import { FhirError } from '../fhir-error.js';
import type { Access } from '../access.js';
import { indexKey, referenceKeySql, referenceTarget } from '../index/keys.js';
import { searchKey, searchKeySql } from '../index/search-key.js';
import { run, type Database, type Text } from '../postgres/database.js';
import { Statement } from '../postgres/statement.js';
import type { Include } from './filter.js';
import type { Pace } from './pace.js';
import { pointsTo, referencesOf, refersBy, visibleRows } from './visible-rows.js';

export interface FoundRow {
  type: string;
  id: string;
  body: Text;
  tokens: string[];
}

export const maxIncluded = 5000;
const deepest = 8;

const keyOf = (row: Pick<FoundRow, 'type' | 'id'>) => `${row.type}/${row.id}`;

/**
 * Follows `_include` and `_revinclude` from the matches, and with `:iterate` from included resources (FHIR R4
 * §3.1.1.5.5 and .6). The access limits these rows, too.
 * @param types says where the bytes of the resources are kept
 * @throws FhirError when an answer would have too many resources, or resources too many references away
 */
export async function includedRows(
  pool: Database,
  access: Access,
  matches: readonly FoundRow[],
  includes: readonly Include[],
  revincludes: readonly Include[],
  pace: Pace,
  types?: CustomTypesConfig,
): Promise<FoundRow[]> {
  const known = new Set(matches.map(keyOf));
  const included: FoundRow[] = [];
  let latest: readonly FoundRow[] = matches;
  for (let round = 0; latest.length > 0 && round <= deepest; round++) {
    const active = (include: Include) => round === 0 || include.iterate;
    const wanted = new Map<string, Set<string>>();
    for (const include of includes.filter(active)) await collectTargets(include, latest, known, wanted, pace);
    // Selects ids first: the resources may be too many to read.
    let pointing = 0;
    for (const row of await pointingAt(pool, access, latest, revincludes.filter(active), known.size, pace)) {
      const ids = wanted.get(row.type) ?? new Set();
      wanted.set(row.type, ids);
      if (known.has(keyOf(row)) || ids.has(row.id)) continue;
      ids.add(row.id);
      pointing += 1;
    }
    refuseTooMany(included.length + pointing);
    const fresh = await rowsById(
      pool,
      access,
      wanted,
      includes.some(({ iterate }) => iterate),
      types,
    );
    for (const row of fresh) known.add(keyOf(row));
    included.push(...fresh);
    refuseTooMany(included.length);
    if (round === deepest && fresh.length > 0)
      throw new FhirError(
        400,
        'too-costly',
        `This search would include resources more than ${deepest} references away; leave out :iterate, or search from nearer by.`,
      );
    latest = fresh;
  }
  return included;
}

/** @throws FhirError when too many resources would be included: a partial answer would look complete */
export function refuseTooMany(included: number): void {
  if (included > maxIncluded)
    throw new FhirError(
      400,
      'too-costly',
      `This search would include more than ${maxIncluded} resources; narrow it or lower _count.`,
    );
}

/** Above this number of included types, each round has its own statements. */
const maxAtOnce = 8;

/**
 * Selects the included resources (place 0, type, id, body) in the statement of the matches, whose rows, with
 * refs and keys, are `page`. Only for few types, and only for references of the matches themselves.
 * @returns undefined when several rounds are needed
 */
export function includedAtOnce(
  statement: Statement,
  access: Access,
  { includes, revincludes }: { includes: readonly Include[]; revincludes: readonly Include[] },
): string[] | undefined {
  if ([...includes, ...revincludes].some((include) => include.iterate || !include.definition?.targets))
    return undefined;
  const forward = includes.flatMap(({ source, definition, target }) =>
    (target ? [target] : (definition?.targets ?? [])).map((type) => ({
      source,
      definition: definition!,
      type,
    })),
  );
  if (forward.length + revincludes.length > maxAtOnce) return undefined;
  const limit = `LIMIT ${maxIncluded + 1}`;
  return [
    ...forward.map(({ source, definition, type }) => {
      const alias = statement.alias();
      const { from, where } = visibleRows(statement, type, access, alias);
      const ref = statement.alias();
      // In the list of columns `unnest` costs much less than as a table for each row.
      const ids = `ARRAY(SELECT substr(${ref}.target, ${type.length + 2})
        FROM (SELECT unnest(page.refs) AS target, page.keys FROM page WHERE page.type = '${source}') AS ${ref}
        WHERE ${pointsTo(ref, definition, type, `${ref}.target`)})`;
      return `(SELECT 0, ${alias}.type, ${alias}.id, ${alias}.body FROM ${from} WHERE ${where} AND ${alias}.id = ANY(${ids}) ${limit})`;
    }),
    ...revincludes.map(({ source, definition, target }) => {
      const alias = statement.alias();
      const { from, where } = visibleRows(statement, source, access, alias);
      const targets = (definition!.targets ?? []).map((type) => `'${type}'`).join(', ');
      const key = referenceKeySql(definition!.number, `page.type || '/' || page.id`);
      const keys = `ARRAY(SELECT ${searchKeySql(key)} FROM page
        WHERE ${target ? `page.type = '${target}'` : targets ? `page.type IN (${targets})` : 'true'})`;
      return `(SELECT 0, ${alias}.type, ${alias}.id, ${alias}.body FROM ${from} WHERE ${where} AND ${refersBy(access, source, alias, keys)} ${limit})`;
    }),
  ];
}

async function collectTargets(
  include: Include,
  rows: readonly FoundRow[],
  known: ReadonlySet<string>,
  wanted: Map<string, Set<string>>,
  pace: Pace,
): Promise<void> {
  for (const row of rows) {
    if (pace.isDue) await pace.yield();
    if (
      include.source !== '*' &&
      include.source !== row.type &&
      !(include.iterate && include.definition === undefined)
    )
      continue;
    const parameters = include.definition
      ? [include.definition]
      : referenceParameters(typeDefinition(row.type).parameters);
    const numbers = parameters.map(({ number }) => number);
    for (const key of row.tokens) {
      const reference = referenceTarget(key, numbers);
      if (reference === undefined) continue;
      const [type = '', id, ...rest] = reference.split('/');
      if (!id || rest.length > 0 || !isServedType(type) || known.has(`${type}/${id}`)) continue;
      if (include.target !== undefined && include.target !== type) continue;
      const ids = wanted.get(type) ?? new Set();
      wanted.set(type, ids.add(id));
    }
  }
}

async function rowsById(
  pool: Database,
  access: Access,
  wanted: Map<string, Set<string>>,
  withReferences: boolean,
  types?: CustomTypesConfig,
): Promise<FoundRow[]> {
  const found = await Promise.all(
    [...wanted].map(([type, ids]) => {
      if (ids.size === 0) return Promise.resolve<FoundRow[]>([]);
      const statement = new Statement();
      const { from, where } = visibleRows(statement, type, access, 'r');
      return run<FoundRow>(
        pool,
        `SELECT r.type, r.id, r.body, ${referencesOf('r', withReferences)} FROM ${from}
         WHERE ${where} AND r.id = ANY(${statement.bind([...ids], '::text[]')}) ORDER BY r.id LIMIT ${maxIncluded + 1}`,
        statement.values,
        types,
      );
    }),
  );
  return found.flat();
}

async function pointingAt(
  pool: Database,
  access: Access,
  rows: readonly FoundRow[],
  revincludes: readonly Include[],
  /** Number of resources that are in the answer already, and may be found again. */
  known: number,
  pace: Pace,
): Promise<Pick<FoundRow, 'type' | 'id'>[]> {
  const searches = revincludes.flatMap((include) => {
    const sources = include.source === '*' ? [] : [include.source];
    return (sources.length > 0 ? sources : Object.keys(definitions.types)).map((type) => ({ type, include }));
  });
  const found: Promise<Pick<FoundRow, 'type' | 'id'>[]>[] = [];
  for (const { type, include } of searches) {
    const keys = await keysOfReferences(type, include, rows, pace);
    if (keys.length === 0) continue;
    const statement = new Statement();
    const { from, where } = visibleRows(statement, type, access, 'r');
    const rowsFound = run<FoundRow>(
      pool,
      `SELECT r.type, r.id FROM ${from} WHERE ${where} AND ${refersBy(access, type, 'r', statement.bind(keys, '::bigint[]'))} ORDER BY r.id LIMIT ${statement.bind(maxIncluded + 1 + known)}`,
      statement.values,
    );
    // The failure is thrown below. Until then it needs a handler.
    rowsFound.catch(() => undefined);
    found.push(rowsFound);
  }
  return (await Promise.all(found)).flat();
}

/** Keys of all references from a type to one of the rows. */
async function keysOfReferences(
  type: string,
  { definition, target }: Include,
  rows: readonly FoundRow[],
  pace: Pace,
): Promise<number[]> {
  const parameters = definition ? [definition] : referenceParameters(typeDefinition(type).parameters);
  const keys: number[] = [];
  for (const row of rows) {
    if (pace.isDue) await pace.yield();
    if (target !== undefined && target !== row.type) continue;
    for (const { number, targets } of parameters)
      if (targets === undefined || targets.includes(row.type))
        keys.push(searchKey(indexKey.reference(number, keyOf(row))));
  }
  return keys;
}

const referenceParameters = (parameters: Record<string, ParameterDefinition>): ParameterDefinition[] =>
  Object.values(parameters).filter(({ type }) => type === 'reference');
