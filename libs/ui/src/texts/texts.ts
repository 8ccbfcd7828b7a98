import type { ComponentChildren } from 'preact';
import { en, type TextKey } from './en.js';
import { es } from './es.js';

export type { TextKey } from './en.js';

/**
 * The languages of the member's pages. Another language needs one file with the same keys, and a row here.
 */
export const languages = { en, es } as const satisfies Record<string, Readonly<Record<TextKey, string>>>;
export type Language = keyof typeof languages;
export const languageTags = Object.keys(languages) as Language[];

export function isLanguage(value: unknown): value is Language {
  return typeof value === 'string' && Object.hasOwn(languages, value);
}

/** Keys of texts with a count. Each has the forms `.one` and `.other`. */
export type CountedKey = TextKey extends infer Key ? (Key extends `${infer Base}.one` ? Base : never) : never;

/** Texts, dates and numbers of one page, in one language and one time zone. */
export class Texts {
  /** @param timeZone IANA name, such as `America/New_York` */
  constructor(
    readonly language: Language,
    readonly timeZone: string,
  ) {}

  /** BCP 47 locale for dates and numbers; the members live in the United States. */
  get locale(): string {
    return `${this.language}-US`;
  }

  /** The text, with its values filled in. */
  t(key: TextKey, values: Readonly<Record<string, string>> = {}): string {
    return languages[this.language][key].replace(
      /\{(\w+)\}/g,
      (whole, name: string) => values[name] ?? whole,
    );
  }

  /** The text as parts of a page, with elements such as links or names filled in. */
  rich(key: TextKey, values: Readonly<Record<string, ComponentChildren>>): ComponentChildren[] {
    return languages[this.language][key]
      .split(/\{(\w+)\}/)
      .map((part, index) => (index % 2 === 0 ? part : (values[part] ?? `{${part}}`)));
  }

  /** The form of a text for a count (CLDR plural rules). */
  count(key: CountedKey, count: number): string {
    const form = new Intl.PluralRules(this.locale).select(count) === 'one' ? 'one' : 'other';
    return this.t(`${key}.${form}` as TextKey, { count: this.number(count) });
  }

  number(value: number): string {
    return new Intl.NumberFormat(this.locale).format(value);
  }

  /** A day, such as `February 26, 2027`. */
  date(instant: Date): string {
    return this.format(instant, { dateStyle: 'long' });
  }

  /** A time of day with its zone, such as `2:02 PM EST`. */
  time(instant: Date): string {
    return this.format(instant, { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' });
  }

  /** A day and a time of day with its zone. */
  dateAndTime(instant: Date): string {
    return `${this.date(instant)}, ${this.time(instant)}`;
  }

  private format(instant: Date, options: Intl.DateTimeFormatOptions): string {
    return new Intl.DateTimeFormat(this.locale, { ...options, timeZone: this.timeZone }).format(instant);
  }
}
