import { definitions, typeDefinition } from '../definitions/definitions.js';
import { referenceTarget } from './keys.js';
import { isTypeAndId } from './references.js';
import type { IndexValues } from './row.js';

/** The numbers of the parameters by which the Patient compartment includes resources, by type. */
const numbersByType = new Map<string, number[]>();

function compartmentNumbers(type: string): number[] {
  let numbers = numbersByType.get(type);
  if (!numbers) {
    numbers = (definitions.patientCompartment[type] ?? [])
      .map((code) => typeDefinition(type).parameters[code]?.number)
      .filter((number) => number !== undefined);
    numbersByType.set(type, numbers);
  }
  return numbers;
}

const ofPatient = 'Patient/';

/** The patients whose compartment includes the resource, by R4's CompartmentDefinition. */
export function compartmentOf(
  { resourceType, id }: Record<string, unknown>,
  { tokens }: Pick<IndexValues, 'tokens'>,
): string[] {
  const type = String(resourceType);
  if (type === 'Patient') return [String(id)];
  const numbers = compartmentNumbers(type);
  const patients = new Set<string>();
  for (const key of tokens) {
    if (!key.includes(ofPatient)) continue;
    const target = referenceTarget(key, numbers);
    if (target?.startsWith(ofPatient) && isTypeAndId(target)) patients.add(target.slice(ofPatient.length));
  }
  return [...patients];
}
