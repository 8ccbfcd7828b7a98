import type { Standard } from './requirement.js';
import { guideStandards } from './guides.js';
import { rfc9700 } from './rfc-9700.js';
import { smartAppLaunch } from './smart-app-launch.js';

/** The standards whose demands on servers are listed, in the order of `docs/conformance.md`. */
export const standards: readonly Standard[] = [smartAppLaunch, rfc9700, ...guideStandards];
