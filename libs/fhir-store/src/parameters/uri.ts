import { indexKey, keyPrefix } from '../index/keys.js';
import { likeText } from '../postgres/statement.js';
import { hasAny, hasKeyLike, isOneOf, sortByKey } from './conditions.js';
import { missing } from './missing.js';
import { comparison, type ParameterType, type ValueFilter } from './parameter-type.js';
import { textOf, unescape } from './values.js';

/* Parameters of type uri (FHIR R4 §3.1.1.4.14). */

const keysOf = ({ definition: { number }, values }: ValueFilter): string[] =>
  values.map((value) => indexKey.uri(number, unescape(value)));

/** The uris above a uri in the hierarchy, each without the parts below it. */
const partsAbove = (uri: string): string[] =>
  [...uri.matchAll(/[/?#]/g)].map((match) => uri.slice(0, match.index));

export const uri: ParameterType = {
  index(entries, { definition }, found) {
    for (const value of found) {
      const text = textOf(value);
      if (text) entries.addKey(indexKey.uri(definition.number, text));
    }
  },
  plain: comparison(1, (context, row, filter) => isOneOf(context, row, keysOf(filter))),
  modifiers: {
    below: comparison(10, ({ statement }, { alias }, filter) =>
      hasKeyLike(
        statement,
        alias,
        keysOf(filter).map((key) => `${likeText(key)}%`),
      ),
    ),
    above: comparison(4, (context, row, filter) => {
      const { number } = filter.definition;
      const above = filter.values.flatMap((value) => partsAbove(unescape(value)));
      return isOneOf(context, row, [...keysOf(filter), ...above.map((one) => indexKey.uri(number, one))]);
    }),
    missing,
  },
  sort: (row, parameter, end, statement) => sortByKey(row, keyPrefix.uri(parameter), end, statement),
};

/** `_profile`: a search for a profile without a version finds every version. */
export const profile: ParameterType = {
  ...uri,
  plain: comparison(10, ({ statement }, { alias }, filter) => {
    const keys = keysOf(filter);
    const ofVersions = keys.map((key) => `${likeText(key)}|%`);
    return `(${hasAny(statement, alias, keys)} OR ${hasKeyLike(statement, alias, ofVersions)})`;
  }),
};
