/**
 * Who reads, as the caller decided it. The store enforces it in every statement; it never grants anything by
 * itself.
 *
 * With a patient: the resources of the patient's compartment, and the shared resources that these reference.
 * Without a patient: all shared resources, and no compartment. In either case only resources of `types`.
 */
export interface Access {
  /** Id of the patient whose compartment may be read. */
  readonly patient?: string;
  /** Resource types that may be read. */
  readonly types: ReadonlySet<string>;
}

const typeLists = new WeakMap<ReadonlySet<string>, string>();

function listOf(types: ReadonlySet<string>): string {
  const known = typeLists.get(types);
  if (known !== undefined) return known;
  const list = [...types].sort().join();
  typeLists.set(types, list);
  return list;
}

/**
 * A text that differs when the access does: a cursor is bound to it, so that no other access can use the
 * cursor.
 */
export const accessKey = ({ patient, types }: Access): string =>
  JSON.stringify([patient ?? null, listOf(types)]);
