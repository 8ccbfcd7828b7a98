/**
 * The reader's rights, as the caller decided them. The store enforces them in every statement; it grants
 * nothing by itself.
 *
 * With a patient: the resources of the patient's compartment, and the shared resources that these reference.
 * Without a patient: all shared resources, and no compartment. In either case only resources of `types`, and
 * none with a withheld label.
 */
export interface Access {
  /** Id of the patient whose compartment may be read. */
  readonly patient?: string;
  /** Resource types that may be read. */
  readonly types: ReadonlySet<string>;
  /**
   * Security labels (`system|code`) whose resources are withheld. A withheld resource, and a shared one that
   * only withheld resources reference, looks like one that does not exist.
   */
  readonly withheld?: readonly string[];
}

const lists = new WeakMap<object, string>();

/** The sorted names as one text, kept for each set: accesses share their sets. */
function listOf(names: ReadonlySet<string> | readonly string[]): string {
  const known = lists.get(names);
  if (known !== undefined) return known;
  const list = [...names].sort().join();
  lists.set(names, list);
  return list;
}

/**
 * A text that differs when the access does: a cursor is bound to it, so that no other access can use the
 * cursor.
 */
export const accessKey = ({ patient, types, withheld }: Access): string =>
  JSON.stringify([patient ?? null, listOf(types), ...(withheld?.length ? [listOf(withheld)] : [])]);
