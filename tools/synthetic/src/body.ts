import type { Patient } from 'fhir/r4.js';
import type { Random } from './random.js';
import { concept } from './systems.js';

/** What is measured of a member: the same body at every visit. */
export class Body {
  /** Of grown-ups, in cm. */
  private readonly grown: number;
  private readonly bmi: number;
  private readonly isHypertensive: boolean;
  readonly smoking;

  constructor(random: Random, patient: Patient, age: number) {
    this.grown = patient.gender === 'female' ? random.int(155, 176) : random.int(166, 192);
    this.bmi = age < 18 ? random.int(155, 185) / 10 : random.int(205, 335) / 10;
    this.isHypertensive = age > 40 && random.chance(0.4);
    this.smoking = random.pick([
      concept('snomed', '266919005', 'Never smoked tobacco'),
      concept('snomed', '266919005', 'Never smoked tobacco'),
      concept('snomed', '8517006', 'Ex-smoker'),
      concept('snomed', '449868002', 'Smokes tobacco daily'),
    ]);
  }

  /** @param age in whole years */
  at(random: Random, age: number) {
    // About 75 cm at one year, then 6 cm a year until grown.
    const height =
      age >= 17 ? this.grown : Math.min(this.grown, Math.round(75 + 6 * Math.max(age - 1, -0.5)));
    const weight = Number((this.bmi * (height / 100) ** 2 + random.next()).toFixed(1));
    const isSmall = age < 6;
    const systolic = isSmall
      ? random.int(85, 105)
      : this.isHypertensive
        ? random.int(132, 158)
        : random.int(102, 128);
    return {
      height,
      weight,
      bmi: Number((weight / (height / 100) ** 2).toFixed(1)),
      heartRate: isSmall ? random.int(90, 125) : random.int(55, 95),
      respiratoryRate: isSmall ? random.int(20, 30) : random.int(12, 20),
      temperature: Number((36.2 + random.next() * 1.1).toFixed(1)),
      systolic,
      diastolic: systolic - random.int(34, 46),
    };
  }
}
