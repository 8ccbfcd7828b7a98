/** A number that stored rows may still name, of a parameter that is not defined any more. */
export interface Retired {
  number: number;
  slot?: number;
}

interface Numbered {
  number: number;
  slot?: number;
}

/** What earlier definitions of a type say. */
export interface Earlier {
  parameters: Record<string, Numbered>;
  retired?: Record<string, Retired>;
}

/**
 * Gives the parameters of a resource type their numbers. Rows name parameters by number, so a number never
 * changes, and the number of a dropped parameter is never given to another one. A parameter that comes back
 * has its number again.
 */
export class Numbering {
  private readonly known: Record<string, Numbered>;
  private nextNumber: number;
  private nextSlot: number;

  constructor(earlier: Earlier | undefined) {
    this.known = { ...earlier?.retired, ...earlier?.parameters };
    const all = Object.values(this.known);
    this.nextNumber = 1 + Math.max(0, ...all.map(({ number }) => number));
    this.nextSlot = 1 + Math.max(-1, ...all.map(({ slot }) => slot ?? -1));
  }

  numberOf(code: string): number {
    return this.known[code]?.number ?? this.nextNumber++;
  }

  slotOf(code: string): number {
    return this.known[code]?.slot ?? this.nextSlot++;
  }

  /** The numbers of the parameters that are not defined any more. @param defined codes that are */
  retired(defined: ReadonlySet<string>): Record<string, Retired> {
    return Object.fromEntries(
      Object.entries(this.known)
        .filter(([code]) => !defined.has(code))
        .map(([code, { number, slot }]) => [code, { number, ...(slot === undefined ? {} : { slot }) }]),
    );
  }
}
