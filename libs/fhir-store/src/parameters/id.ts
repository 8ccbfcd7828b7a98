import { neverMissing } from './missing.js';
import {
  comparison,
  type ConditionContext,
  type ParameterType,
  type Row,
  type ValueFilter,
} from './parameter-type.js';
import { unescape } from './values.js';

const hasId = ({ statement }: ConditionContext, { alias }: Row, { values }: ValueFilter): string =>
  `${alias}.id = ANY(${statement.bind(values.map(unescape), '::text[]')})`;

/** `_id` has a column. Ids are compared unchanged (FHIR R4 §3.1.1.4.1). */
export const id: ParameterType = {
  index: () => undefined,
  plain: comparison(1, hasId),
  modifiers: {
    not: comparison(1, (context, row, filter) => `NOT (${hasId(context, row, filter)})`),
    missing: neverMissing,
  },
  sort: (row) => ({ sql: `${row}.id`, cast: 'text', isAlwaysThere: true }),
};
