/** One separate part of the platform, with its own FHIR base URL, issuer, keys, data and member directory. */
export interface EnvironmentRule {
  /** Name for developers and members. */
  title: string;
  /**
   * When an app may use the environment: as soon as it is subscribed to a plan, or once the platform team has
   * approved it.
   */
  opens: 'with-subscription' | 'with-approval';
  /** The records in the environment: synthetic ones for trials, or the members'. */
  data: 'synthetic' | 'members';
  /**
   * Path of the FHIR base on a local system. A deployment sets the whole address: `SANDBOX_FHIR_BASE_URL`.
   */
  localFhirPath: string;
}

/**
 * The environments, one row each. A token of one environment is invalid in the other. A row's name is part of
 * addresses, variables and database names, so it consists of letters only.
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
