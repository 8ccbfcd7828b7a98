const showEvery = 2000;
const startedAt = Date.now();
let shownAt = startedAt;

export const rate = (read: number) => `${Math.round(read / ((Date.now() - startedAt) / 1000))}/s`;
export const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(1);

/** @param share text of the part that has been read, or an empty string */
export function showProgress(read: number, share: string): void {
  if (Date.now() - shownAt < showEvery) return;
  shownAt = Date.now();
  console.error(`${share}${read} resources, ${rate(read)}`);
}

export const shareOf = (part: number, total: number, of: string) =>
  `${Math.min(100, Math.floor((part / total) * 100))} % of ${of}, `;

export function showTypes(byType: Record<string, number>): void {
  for (const [type, count] of Object.entries(byType).sort()) console.log(`  ${type.padEnd(26)} ${count}`);
}
