/**
 * Parameters of R4 that are not supported, each with the alternative. Ignoring them silently would answer
 * another question.
 */
export const unsupported: ReadonlyMap<string, string> = new Map([
  ['_filter', 'use the search parameters of the type'],
  ['_text', 'full text is not indexed; use :text on a token or :contains on a string parameter'],
  ['_content', 'full text is not indexed; use :text on a token or :contains on a string parameter'],
  ['_list', 'this server has no lists'],
  ['_has', 'must be written _has:Type:reference:parameter'],
  ['_contained', 'only resources that stand for themselves are found'],
  ['_containedType', 'only resources that stand for themselves are found'],
  ['_type', 'a search is in one resource type, which its path names'],
  ['_score', 'matches have no rank'],
  ['phonetic', 'names are not compared by sound; name ignores case, accents and punctuation'],
]);

/**
 * A parameter that is ignored under lenient handling, and refused under strict handling (FHIR R4 §3.1.1.4.1).
 */
export class Ignored extends Error {}

/** An empty parameter is ignored under either handling: it is no error (FHIR R4 §3.1.1.3). */
export class Empty extends Ignored {
  constructor(name: string) {
    super(`${name}: has no value`);
  }
}
