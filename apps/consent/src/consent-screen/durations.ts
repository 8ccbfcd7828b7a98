import type { ConsentRequest } from '@payer/smart';
import type { Texts } from '@payer/ui';

const millisecondsOfDay = 86_400_000;

/** The longest duration, in days, that a page preselects. */
const longestDefault = 90;

/**
 * Durations that a member can choose, in days, the shortest first.
 * @param longestDays the longest duration of the plan
 */
export function durations(longestDays: number): number[] {
  const days = [1, 30, 90, longestDays].filter((choice) => choice <= longestDays);
  return [...new Set(days)].sort((a, b) => a - b);
}

/** The preselected duration. It is never the longest, unless there is only one. */
export function defaultDuration(longestDays: number): number {
  const choices = durations(longestDays);
  const shorter = choices.slice(0, -1).filter((days) => days <= longestDefault);
  return shorter.at(-1) ?? choices[0] ?? longestDays;
}

/**
 * The chosen days of a form, or undefined for an unknown choice. A form without the field gets the
 * preselected duration.
 */
export function chosenDays(value: unknown, longestDays: number): number | undefined {
  if (value === undefined) return defaultDuration(longestDays);
  return durations(longestDays).find((days) => String(days) === value);
}

/** The expiry of a grant with this duration. */
export function endAfter(days: number, now = new Date()): Date {
  return new Date(now.getTime() + days * millisecondsOfDay);
}

/** A duration that a form offers. */
export interface DurationChoice {
  days: number;
  end: Date;
  /** Whether the right to act for the patient ends first, at `end`. */
  isCut: boolean;
}

/**
 * The durations that a form offers, the shortest first. A right that ends sooner cuts the durations beyond
 * it, and one choice stands for them.
 * @param rightEnds undefined for a right without an end, and for the member's own records
 */
export function durationChoices(
  longestDays: number,
  rightEnds: Date | undefined,
  now = new Date(),
): DurationChoice[] {
  const all = durations(longestDays).map((days) => ({ days, end: endAfter(days, now), isCut: false }));
  if (!rightEnds) return all;
  const whole = all.filter(({ end }) => end <= rightEnds);
  const [cut] = all.slice(whole.length);
  return cut ? [...whole, { days: cut.days, end: rightEnds, isCut: true }] : whole;
}

/** When the right of a consent request's representative ends. Undefined when it has no end. */
export function rightEndOf({ representation }: Pick<ConsentRequest, 'representation'>): Date | undefined {
  return representation?.ends_at === undefined ? undefined : new Date(representation.ends_at * 1000);
}

/** The text of a duration, such as `One year` or `30 days`. */
export function lengthOf(days: number, texts: Texts): string {
  return days % 365 === 0
    ? texts.count('consent.days.year', days / 365)
    : texts.count('consent.days.day', days);
}
