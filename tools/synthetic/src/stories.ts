import { conditions, stays, type Illness, type Stay } from './clinical-codes.js';
import { addDays, birthday, yearsBetween } from './dates.js';
import type { Random } from './random.js';

/** One visit of a member's story, and what it is for. */
export interface Story {
  illness: Illness;
  date: string;
  onset: string;
  /** When it was over; undefined for what stays. */
  abatement: string | undefined;
  /** A stay in the hospital, rather than a visit to the practice. */
  stay: Stay | undefined;
  /** The plan does not pay for what is prescribed, and the pharmacy does not hand it out. */
  isPrescriptionRefused: boolean;
}

/** Days over which a story goes, at most. */
const longest = 820;

/** Days from the last visit to the end: until then its claims are paid. */
const settling = 40;

/**
 * The story of a member: a stay in the hospital and two or three visits, within two years, or since the birth
 * of a small child.
 * @param end the last day of the story: today, or the day of death
 */
export function storiesOf(random: Random, birthDate: string, end: string): Story[] {
  const last = addDays(end, -settling);
  const days = Math.min(longest, daysBetween(addDays(birthDate, 60), last));
  const age = yearsBetween(birthDate, addDays(last, -days));
  const plausible = conditions.filter(({ from }) => from <= age);
  const lasting = plausible.filter(({ isAcute }) => !isAcute);
  const passing = plausible.filter(({ isAcute }) => isAcute);
  const stay = stays.find(({ from }) => from <= age) as Stay;
  const illnesses: Illness[] = [
    stay.illness,
    random.pick(passing),
    ...random.some(
      lasting.filter(({ icd10 }) => icd10 !== stay.illness.icd10),
      random.int(1, 2),
    ),
  ];
  if (illnesses.length < 3) illnesses.push(random.pick(passing));
  const step = Math.floor(days / illnesses.length);
  return illnesses.map((illness, n) => {
    const date = addDays(last, -days + n * step + random.int(0, Math.floor(step / 2)));
    const before = illness.isAcute ? random.int(1, 4) : random.int(30, 900);
    const onset = addDays(date, -before);
    return {
      illness,
      date,
      onset: latest(onset, addDays(birthDate, 30), birthday(birthDate, illness.from)),
      abatement: illness.isAcute ? addDays(date, random.int(6, 20)) : undefined,
      stay: n === 0 ? stay : undefined,
      isPrescriptionRefused: n === 2,
    };
  });
}

const latest = (...dates: string[]) => dates.sort().at(-1) as string;

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}
