import type { TypeCapabilities } from '@payer/fhir-store';
import { consentParameters } from './search-parameters.js';

/** What the API can do with Consents, for the CapabilityStatement. */
export const consentCapability: TypeCapabilities = {
  type: 'Consent',
  profiles: [],
  searchInclude: [],
  searchRevInclude: [],
  searchParam: Object.entries(consentParameters).map(([name, { definition, type }]) => ({
    name,
    definition,
    type,
  })),
  combinations: [],
};
