const showEvery = 2000;

/** How far a command is, and how fast. It counts time from its construction. */
export class Progress {
  private readonly startedAt = Date.now();
  private shownAt = this.startedAt;

  rate(read: number): string {
    return `${Math.round(read / ((Date.now() - this.startedAt) / 1000))}/s`;
  }

  seconds(): string {
    return ((Date.now() - this.startedAt) / 1000).toFixed(1);
  }

  /** @param share text of the part that has been read, or an empty string */
  show(read: number, share: string): void {
    if (Date.now() - this.shownAt < showEvery) return;
    this.shownAt = Date.now();
    console.error(`${share}${read} resources, ${this.rate(read)}`);
  }
}

export const shareOf = (part: number, total: number, of: string) =>
  `${Math.min(100, Math.floor((part / total) * 100))} % of ${of}, `;

export function showTypes(byType: Record<string, number>): void {
  for (const [type, count] of Object.entries(byType).sort()) console.log(`  ${type.padEnd(26)} ${count}`);
}
