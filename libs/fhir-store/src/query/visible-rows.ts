import type { Access } from '../access.js';
import {
  definitions,
  isCompartmentType,
  isServedType,
  type ParameterDefinition,
} from '../definitions/definitions.js';
import { mayBeReferenceSql, referenceKeySql } from '../index/keys.js';
import { hasNoLabelSql, isLabelledSql, isVisibleSql, labelsSql, labelsText } from '../index/labels.js';
import { searchKeySql } from '../index/search-key.js';
import type { Statement } from '../postgres/statement.js';

/**
 * The references among a row's keys. The other keys are many and not needed.
 * @param wanted whether any key is needed
 */
export const referencesOf = (alias: string, wanted: boolean): string =>
  wanted
    ? `ARRAY(SELECT t FROM unnest(${alias}.tokens) AS t WHERE ${mayBeReferenceSql('t')}) AS tokens`
    : `'{}'::text[] AS tokens`;

/** Whether `target`, one of a row's refs, is of a type, and whether the row references it by a parameter. */
export const pointsTo = (
  row: string,
  { number }: ParameterDefinition,
  type: string,
  target: string,
): string =>
  `starts_with(${target}, '${type}/') AND ${searchKeySql(referenceKeySql(number, target))} = ANY(${row}.keys)`;

/**
 * Rows with a reference among the keys (an SQL array). Shared rows have an index of their references; a
 * patient's rows are few.
 */
export const refersBy = (access: Access, type: string, row: string, keys: string): string =>
  access.patient !== undefined
    ? `${row}.keys && ${keys}`
    : `${row}.id = ANY(ARRAY(SELECT ref.id FROM shared_reference AS ref WHERE ref.type = '${type}' AND ref.key = ANY(${keys})))`;

/**
 * The shared rows of a source that have all the keys, by the index over keys alone. The planner would combine
 * it with another index and read all rows of a type. `place_in_table` of a row is its `ctid`.
 */
export const rowsByKeys = (
  statement: Statement,
  from: string,
  alias: string,
  keys: readonly number[],
): string =>
  `(SELECT *, ${alias}.ctid AS place_in_table FROM ${from}
    WHERE ${alias}.keys @> ${statement.bind(keys, '::bigint[]')} OFFSET 0) AS ${alias}`;

/**
 * The shared rows of a type in a list (`isListed` in `index/keys.ts`), in the order of `listed.id`. Each row
 * is looked up when it is needed, so a page reads no more rows than it has.
 */
export const listedRows = (
  statement: Statement,
  from: string,
  alias: string,
  { type, key }: { type: string; key: number },
): string => {
  const ofType = statement.bindOnce(type);
  return `(SELECT ref.type, ref.id FROM shared_reference AS ref
    WHERE ref.type = ${ofType} AND ref.key = ${statement.bind(key, '::bigint')}) AS listed
   CROSS JOIN LATERAL (SELECT * FROM ${from} WHERE ${alias}.type = listed.type AND ${alias}.id = listed.id OFFSET 0) AS ${alias}`;
};

/** The rows of a type that an access reaches, as the FROM and the WHERE of a statement. */
export interface Source {
  from: string;
  where: string;
}

/**
 * The rows of a type that the access reaches. Every part of a search takes its rows from here (matches,
 * chains, `_has`, included resources), so each statement contains the limit itself.
 */
export function visibleRows(statement: Statement, type: string, access: Access, alias: string): Source {
  const isOfCompartment = isCompartmentType(type);
  const isReadable = access.types.has(type) && isServedType(type);
  if (!isReadable || (isOfCompartment && access.patient === undefined))
    return { from: `shared_resource ${alias}`, where: 'false' };
  const withheld = withheldLabels(statement, access);
  const ofType = `${alias}.type = ${statement.bind(type)}`;
  const and = (condition: string | undefined) => (condition ? ` AND ${condition}` : '');
  const unlabelled = and(withheld && hasNoLabelSql(alias, withheld));
  if (access.patient === undefined) return { from: `shared_resource ${alias}`, where: ofType + unlabelled };
  const patient = statement.bind(access.patient);
  if (isOfCompartment)
    return {
      from: `member_resource ${alias}`,
      where: `${alias}.patient = ${patient} AND ${ofType}${and(withheld && isVisibleSql(alias, [type], patient, withheld))}`,
    };
  return {
    from: `shared_resource ${alias}`,
    where: `${ofType}${unlabelled} AND ${alias}.id = ANY(ARRAY(${pointedTo(type, patient, withheld)}))`,
  };
}

/**
 * The rows of several types of the patient's compartment; types that the access does not read are left out.
 * @param types of the compartment
 */
export function visibleCompartment(
  statement: Statement,
  types: readonly string[],
  access: Access & { patient: string },
  alias: string,
): Source {
  const withheld = withheldLabels(statement, access);
  const read = types.filter((type) => access.types.has(type) && isCompartmentType(type));
  const patient = statement.bind(access.patient);
  const ofTypes = `${alias}.patient = ${patient} AND ${alias}.type = ANY(${statement.bind(read, '::text[]')})`;
  return {
    from: `member_resource ${alias}`,
    where: ofTypes + (withheld ? ` AND ${isVisibleSql(alias, read, patient, withheld)}` : ''),
  };
}

/** The labels whose rows the access must not see, in SQL; undefined when there are none. */
const withheldLabels = (statement: Statement, { withheld }: Access): string | undefined =>
  withheld?.length ? labelsSql(statement.bindOnce(labelsText(withheld))) : undefined;

const pointedAt = definitions.referencedTypes.join("','");

/**
 * Selects the ids of the shared resources of a type that a patient's resources reference, directly or over
 * one more reference: the organization of a practitioner role, for example.
 * @param withheld labels in SQL: the references of rows with such a label do not count
 */
export function pointedTo(type: string, patient: string, withheld?: string): string {
  const [from, to, start] = [`'${type}/'`, `'${type}0'`, type.length + 2];
  const fromVisible = withheld ? `AND ${isReferencedVisibly('m', patient, withheld)}` : '';
  return `
    SELECT substr(m.target, ${start}) FROM member_reference m
    WHERE m.patient = ${patient} AND m.target >= ${from} AND m.target < ${to} ${fromVisible}
    UNION
    SELECT substr(hop.target, ${start})
    FROM member_reference m
    JOIN shared_resource s ON s.type = split_part(m.target, '/', 1) AND s.id = split_part(m.target, '/', 2)
    CROSS JOIN unnest(s.refs) AS hop (target)
    WHERE m.patient = ${patient} AND split_part(m.target, '/', 1) IN ('${pointedAt}')
      AND hop.target >= ${from} AND hop.target < ${to} ${fromVisible}
      ${withheld ? `AND ${hasNoLabelSql('s', withheld)}` : ''}`;
}

/**
 * Whether a row without a withheld label has the reference. `member_reference` does not know the row of a
 * reference, so for a patient with labelled rows each row is tested. For every other patient the first
 * condition is true, and its index is small.
 */
const isReferencedVisibly = (reference: string, patient: string, withheld: string): string => `(
      NOT EXISTS (SELECT FROM member_resource w
        WHERE w.patient = ${patient} AND ${isLabelledSql('w')} AND NOT ${hasNoLabelSql('w', withheld)})
      OR ${reference}.target IN (SELECT ref.target FROM member_resource v CROSS JOIN unnest(v.refs) AS ref (target)
        WHERE v.patient = ${patient} AND ${isVisibleSql('v', undefined, patient, withheld)}))`;
