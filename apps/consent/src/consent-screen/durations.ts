/** How long a member can let an app in; the longest is what the plan allows. */
export function durations(longestDays: number) {
  return [
    { value: '1', label: 'One day', days: 1 },
    { value: '30', label: '30 days', days: 30 },
    { value: '90', label: '90 days', days: 90 },
    { value: String(longestDays), label: inWords(longestDays), days: longestDays },
  ].filter(
    ({ days }, index, all) => days <= longestDays && all.findIndex((other) => other.days === days) === index,
  );
}

const inWords = (days: number) =>
  days % 365 === 0 ? (days === 365 ? 'One year' : `${days / 365} years`) : `${days} days`;
