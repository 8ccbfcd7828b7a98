import type { ParameterType } from './parameter-type.js';
import { quantity } from './quantity.js';

/**
 * Parameters of type number (FHIR R4 §3.1.1.4.9): quantities without a unit. None of the served guides
 * defines one.
 */
export const number: ParameterType = quantity;
