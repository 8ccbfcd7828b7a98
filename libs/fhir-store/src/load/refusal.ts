/** Kinds of refusals, with the advice for each. The keys are stable: reports and metrics name them. */
export const refusalKinds = {
  'not-text': 'The bytes are not UTF-8. Write the file in UTF-8.',
  'not-json': 'The text is not JSON, or something follows it.',
  'not-a-resource': 'A JSON object with a resourceType is expected.',
  'type-not-served': 'This server has no resources of the type.',
  'invalid-id': 'An id has 1 to 64 letters, digits, hyphens and dots.',
  structure: "The resource does not fit R4's StructureDefinition.",
  'member-twice': 'A member is there twice in one object; readers differ in which one counts.',
  'conditional-reference': 'A reference by identifier cannot be resolved.',
  'member-in-public':
    'Everybody may read resources of the type, so a resource of it must not lead to a member.',
  'no-member': 'The resource belongs to a member and names none.',
  'not-indexable': 'The resource is nested too deeply, or has too many values.',
  bundle: 'The Bundle or the entry cannot be carried out.',
  transaction: 'Another entry of the same transaction was refused.',
} as const;
export type RefusalKind = keyof typeof refusalKinds;

/** Why a resource is not stored. */
export interface Refusal {
  kind: RefusalKind;
  reason: string;
}

export const refusal = (kind: RefusalKind, reason: string): Refusal => ({ kind, reason });

/** A refused entry of a file. */
export interface RefusedEntry extends Refusal {
  /** File and line, or entry. */
  place: string;
  /**
   * The entry in one line, to be corrected and loaded again; undefined where that makes no sense, or where
   * the line of another entry of its transaction has it.
   */
  line: string | undefined;
}
