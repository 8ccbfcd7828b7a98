import type { Coding } from 'fhir/r4.js';
import { displays } from './displays.js';

/** Gives each coding of a resource without a display the name of its code, where the name is free to give. */
export function nameCodes<Value>(value: Value): Value {
  if (Array.isArray(value)) value.forEach(nameCodes);
  else if (typeof value === 'object' && value !== null) {
    const { system, code, display } = value as Coding;
    if (system !== undefined && code !== undefined && display === undefined && !isQuantity(value)) {
      const name = displays[system]?.[code];
      if (name !== undefined) (value as Coding).display = name;
    }
    // A list of the values, made for every object of a data set, would cost as much as the rest.
    for (const name in value) nameCodes(value[name]);
  }
  return value;
}

const isQuantity = (value: object): boolean => 'value' in value || 'unit' in value;
