import { authorizationChecks } from './authorization-checks.js';
import type { Check } from './check.js';
import { claimChecks } from './claim-checks.js';
import { directoryChecks } from './directory-checks.js';
import { discoveryChecks } from './discovery-checks.js';
import { refusalChecks } from './refusal-checks.js';
import { tokenChecks } from './token-checks.js';

/** The live checks, in the order in which they run. */
export const checks: readonly Check[] = [
  ...discoveryChecks,
  ...authorizationChecks,
  ...tokenChecks,
  ...refusalChecks,
  ...directoryChecks,
  ...claimChecks,
];
