/** One world of the platform, with its own FHIR base URL, issuer, keys, data and member directory. */
export interface EnvironmentRule {
  /** As developers and members read it. */
  title: string;
  /** An app may use the environment as soon as it is subscribed to a plan, or once the platform team has approved it. */
  opens: 'with-subscription' | 'with-approval';
  /** Whose records the environment holds: invented ones for trying out, or those of members. */
  data: 'synthetic' | 'members';
  /** Path of the FHIR base on a local system. A deployment says the whole address: `SANDBOX_FHIR_BASE_URL`. */
  localFhirPath: string;
}

/**
 * The environments, a row each. A token of one is worth nothing in another. The name of a row is part of addresses,
 * variables and names of databases: letters only.
 */
export const environmentRules = {
  sandbox: {
    title: 'Sandbox',
    opens: 'with-subscription',
    data: 'synthetic',
    localFhirPath: '/sandbox/interop/external/fhir',
  },
  production: {
    title: 'Production',
    opens: 'with-approval',
    data: 'members',
    localFhirPath: '/interop/external/fhir',
  },
} as const satisfies Record<string, EnvironmentRule>;
