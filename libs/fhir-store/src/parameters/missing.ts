import { badParameter } from '../fhir-error.js';
import { indexKey } from '../index/keys.js';
import { hasAny } from './conditions.js';
import { comparison, type FixedComparison, type ConditionContext, type Row } from './parameter-type.js';

/**
 * The modifier `:missing` (FHIR R4 §3.1.1.4.4).
 * @param present SQL that is true for rows that have a value
 */
const missingUnless = (
  present: (context: ConditionContext, row: Row, parameter: number) => string,
): FixedComparison =>
  comparison(1, (context, row, { definition, values, name }) => {
    const [value] = values;
    if (values.length > 1 || (value !== 'true' && value !== 'false'))
      throw badParameter(name, 'must be true or false');
    const found = present(context, row, definition.number);
    return value === 'true' ? `NOT (${found})` : found;
  });

/** `:missing` of a parameter whose resources have the key {@link indexKey}.present. */
export const missing = missingUnless(({ statement }, { alias }, parameter) =>
  hasAny(statement, alias, [indexKey.present(parameter)]),
);

/** `:missing` of a parameter that has a value in every resource. */
export const neverMissing = missingUnless(() => 'true');
