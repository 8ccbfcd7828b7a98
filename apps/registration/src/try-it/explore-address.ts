import type { Run } from './run.js';

/** The address of a run's page that asks for a FHIR path. @param path relative to the FHIR base */
export const exploreAddress = ({ id }: Run, path: string) => `/try-it/${id}?${new URLSearchParams({ path })}`;
