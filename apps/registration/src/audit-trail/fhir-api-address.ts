import { environmentVariable, type Environment } from '@payer/smart';
import type { Config } from '../config.js';

/** The address at which registration reaches fhir-api for an environment, without a trailing slash. */
export function fhirApiAddress(config: Config, environment: Environment): string {
  const base = config[environmentVariable(environment, 'FHIR_BASE_URL')];
  return (
    config.FHIR_API_INTERNAL_URL?.replace('{environment}', environment).replace(/\/$/, '') ??
    new URL(base).origin
  );
}
