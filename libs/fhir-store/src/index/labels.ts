import { storable } from './columns.js';

/** The security labels of a resource, each as `system|code` (FHIR R4 §6.1.1). Null when it has none. */
export function labelsOf({ meta }: Record<string, unknown>): string[] | null {
  const security = (meta as { security?: unknown } | null | undefined)?.security;
  if (!Array.isArray(security)) return null;
  const labels = security
    .filter((label): label is Record<string, unknown> => typeof label === 'object' && label !== null)
    .map(({ system, code }) => storable(`${textOf(system)}|${textOf(code)}`));
  return labels.length > 0 ? [...new Set(labels)].sort() : null;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/**
 * Whether a row has a label, its own or that of a resource that it follows, in SQL. The partial index
 * `member_resource_labelled` has these rows.
 */
export const isLabelledSql = (row: string): string =>
  `(${row}.labels IS NOT NULL OR ${row}.followed_labels IS NOT NULL)`;

const texts = new WeakMap<readonly string[], string>();

/**
 * Labels as the text of an array of PostgreSQL, for a parameter of {@link labelsSql}. The text is kept with
 * the array: a token withholds about eighty labels, and all tokens with the same choice share one array.
 */
export function labelsText(labels: readonly string[]): string {
  let text = texts.get(labels);
  if (text === undefined) {
    const quoted = labels.map((label) => `"${label.replace(/["\\]/g, '\\$&')}"`);
    texts.set(labels, (text = `{${quoted.join()}}`));
  }
  return text;
}

/**
 * The labels of a parameter with {@link labelsText}, in SQL. PostgreSQL parses the text once, and only when a
 * row has a label: an array as the parameter would be parsed by every statement.
 */
export const labelsSql = (placeholder: string): string => `(SELECT ${placeholder}::text::text[])`;

/** As {@link labelsSql}, for a statement about a single row: without the preparation of a subselect. */
export const labelsOfOneRowSql = (placeholder: string): string => `${placeholder}::text::text[]`;

/** Whether a row has none of the labels, in SQL. @param labels an SQL array of texts */
export const hasNoLabelSql = (row: string, labels: string): string =>
  `((${row}.labels IS NULL OR NOT ${row}.labels && ${labels}) AND ` +
  `(${row}.followed_labels IS NULL OR NOT ${row}.followed_labels && ${labels}))`;

/**
 * Whether a row of a patient is visible, in SQL: the row has none of the labels, and it is no Provenance of a
 * row with one, stored or deleted. `followed_labels` omits a Provenance that names the patient beside other
 * targets.
 * @param patient SQL of the patient's id
 * @param types the types that the row may have
 */
export function isVisibleSql(
  row: string,
  types: readonly string[] | undefined,
  patient: string,
  labels: string,
): string {
  const own = hasNoLabelSql(row, labels);
  if (types && !types.includes('Provenance')) return own;
  const hidden = `ARRAY(SELECT w.type || '/' || w.id FROM member_resource w
    WHERE w.patient = ${patient} AND ${isLabelledSql('w')} AND NOT ${hasNoLabelSql('w', labels)}
    UNION ALL SELECT d.type || '/' || d.id FROM deleted_resource d
    WHERE d.patients @> ARRAY[${patient}]::text[] AND d.labels IS NOT NULL AND d.labels && ${labels})`;
  return `(${own} AND NOT (${row}.type = 'Provenance' AND ${row}.refs && ${hidden}))`;
}
