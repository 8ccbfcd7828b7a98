import type { Texts } from '@payer/ui';

const millisecondsOfDay = 86_400_000;

/** The longest choice that a page selects beforehand. */
const longestDefault = 90;

/** Days for which a member can let an app in, the shortest first. @param longestDays the longest that the plan allows */
export function durations(longestDays: number): number[] {
  const days = [1, 30, 90, longestDays].filter((choice) => choice <= longestDays);
  return [...new Set(days)].sort((a, b) => a - b);
}

/** The choice that is selected beforehand: never the longest, unless there is only one. */
export function defaultDuration(longestDays: number): number {
  const choices = durations(longestDays);
  const shorter = choices.slice(0, -1).filter((days) => days <= longestDefault);
  return shorter.at(-1) ?? choices[0] ?? longestDays;
}

/**
 * The days that a form names, or undefined when it names none of the choices. A form without the field gets the choice
 * that the page selects beforehand.
 */
export function chosenDays(value: unknown, longestDays: number): number | undefined {
  if (value === undefined) return defaultDuration(longestDays);
  return durations(longestDays).find((days) => String(days) === value);
}

/** When a grant of so many days ends. */
export function endAfter(days: number, now = new Date()): Date {
  return new Date(now.getTime() + days * millisecondsOfDay);
}

/** The length of a choice, such as `One year` or `30 days`. */
export function lengthOf(days: number, texts: Texts): string {
  return days % 365 === 0
    ? texts.count('consent.days.year', days / 365)
    : texts.count('consent.days.day', days);
}
