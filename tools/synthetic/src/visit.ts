import type { Encounter } from 'fhir/r4.js';
import type { Story } from './stories.js';

/** A visit of a member's clinical record, as claims refer to it. */
export interface Visit {
  story: Story;
  encounter: Encounter;
  /** Index into the directory's practitioners. */
  doctor: number;
}
