import { FhirError } from '../fhir-error.js';

/** PostgreSQL counts the parameters of a statement in two bytes. */
const maxValues = 65_535;

/** Collects the parameters of one statement. */
export class Statement {
  readonly values: unknown[] = [];
  private readonly placeholders = new Map<unknown, string>();
  private aliases = 0;

  /**
   * A placeholder for a value.
   * @param cast with its colons: `::text[]`
   * @throws FhirError when there are more values than a statement can have
   */
  bind(value: unknown, cast = ''): string {
    if (this.values.length === maxValues)
      throw new FhirError(
        400,
        'too-costly',
        'This search has too many values; ask for them in several searches.',
      );
    this.values.push(value);
    return `$${this.values.length}${cast}`;
  }

  /** The placeholder of a value that the statement names many times, always the same one. */
  bindOnce(value: unknown, cast = ''): string {
    const known = this.placeholders.get(value) ?? this.bind(value);
    this.placeholders.set(value, known);
    return `${known}${cast}`;
  }

  /** A table name that is unique in the statement. */
  alias(): string {
    this.aliases += 1;
    return `r${this.aliases}`;
  }
}

/** A text as a part of a LIKE pattern. */
export const likeText = (text: string) => text.replace(/[\\%_]/g, '\\$&');
