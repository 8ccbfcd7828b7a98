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

/** The text of a duration, such as `One year` or `30 days`. */
export function lengthOf(days: number, texts: Texts): string {
  return days % 365 === 0
    ? texts.count('consent.days.year', days / 365)
    : texts.count('consent.days.day', days);
}
