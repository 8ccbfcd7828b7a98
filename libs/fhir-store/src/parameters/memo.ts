import { isObject, type Json } from './values.js';

/*
 * Resources draw their codes and units from small sets, so most concepts and units come again and again.
 * Their index values are computed once. A value is found by its code, a short text whose hash V8 has already.
 * Then its members are compared one by one.
 */

/** A memo is emptied when it has this many values, so that it stays small. */
const maxValues = 4000;
/** Values with one code. More of them are texts that somebody typed, which do not come again. */
const maxOfCode = 8;
/** Longer texts are not kept. */
const maxLength = 256;

interface Known<Made> {
  members: readonly unknown[];
  made: Made;
}

/** What was made of values before, by the members of the values. */
export class Memo<Made> {
  private readonly byCode = new Map<string, Known<Made>[]>();
  private count = 0;

  /**
   * @param code by which the value is found
   * @param members all that the result depends on
   * @param make makes the result, which is shared: nobody may change it
   */
  get(code: string, members: readonly unknown[], make: () => Made): Made {
    const same = this.byCode.get(code);
    if (same) for (const known of same) if (areAlike(known.members, members)) return known.made;
    const made = make();
    if ((same && same.length >= maxOfCode) || !members.every(isKept)) return made;
    if (this.count === maxValues) {
      this.byCode.clear();
      this.count = 0;
    }
    this.count += 1;
    const list = this.byCode.get(code);
    if (list) list.push({ members, made });
    else this.byCode.set(code, [{ members, made }]);
    return made;
  }
}

const isKept = (member: unknown) =>
  member === undefined || (typeof member === 'string' && member.length <= maxLength);

function areAlike(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** {@link Memo} for codes, Codings and CodeableConcepts. */
export class ConceptMemo<Made> {
  private readonly memo = new Memo<Made>();

  get(value: unknown, make: () => Made): Made {
    if (typeof value === 'string') return this.memo.get(value, [value], make);
    if (!isObject(value)) return make();
    const { coding, text } = value;
    if (!Array.isArray(coding)) {
      const { code, system, display } = value;
      // An Identifier has no code.
      return typeof code === 'string' && text === undefined && value.value === undefined
        ? this.memo.get(code, [system, code, display], make)
        : make();
    }
    const members: unknown[] = [text];
    for (const one of coding as unknown[]) {
      if (!isObject(one)) return make();
      members.push(one.system, one.code, one.display);
    }
    const first = (coding[0] as Json | undefined)?.code;
    return typeof first === 'string' ? this.memo.get(first, members, make) : make();
  }
}
