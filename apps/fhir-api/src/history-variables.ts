import { z } from 'zod';

/** A switch. */
export const onOrOff = (localDefault: 'on' | 'off') =>
  z.enum(['on', 'off'], { error: 'must be on or off' }).default(localDefault);

/** The loader reads this variable, too: it keeps the versions that the API serves. */
export const historyVariables = {
  /**
   * Whether earlier versions of resources are kept and served (`vread`, `_history`; FHIR R4 §3.1.0.3,
   * §3.1.0.11). Off, because kept versions hold what the source has corrected or deleted.
   */
  RESOURCE_HISTORY: onOrOff('off'),
};
