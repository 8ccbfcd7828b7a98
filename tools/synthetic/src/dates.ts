const day = 86_400_000;

/** `2026-03-01` plus days, as a date. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * day).toISOString().slice(0, 10);
}

/** An instant on a date, `hour` o'clock UTC. */
export function at(date: string, hour: number, minute = 0): string {
  return `${date}T${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:00Z`;
}

/** The day on which somebody becomes so many years old; the 28th for those born on the 29th of February. */
export function birthday(birthDate: string, years: number): string {
  const [year = '', ...rest] = birthDate.split('-');
  return `${Number(year) + years}-${rest.join('-').replace('02-29', '02-28')}`;
}

export function yearsBetween(from: string, to: string): number {
  const years = Number(to.slice(0, 4)) - Number(from.slice(0, 4));
  return to.slice(5) < from.slice(5) ? years - 1 : years;
}
