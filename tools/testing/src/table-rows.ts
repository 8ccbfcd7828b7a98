import { fileURLToPath } from 'node:url';

/** The part of Vitest that replaces a module before it is loaded. */
interface ModuleMocks {
  doMock(path: string, factory: () => object): unknown;
}

const tableFile = (name: string) =>
  fileURLToPath(new URL(`../../../libs/smart/src/${name}.ts`, import.meta.url));

async function addRows(vi: ModuleMocks, file: string, table: string, rows: object): Promise<void> {
  const path = tableFile(file);
  const actual = (await import(path)) as Record<string, object>;
  vi.doMock(path, () => ({ ...actual, [table]: { ...actual[table], ...rows } }));
}

/**
 * Two plans that are no rows of the table: one whose app reads a part of the member's records, and one whose
 * app reads a part of the directory.
 */
export const newPlans = {
  'claims-summary': {
    title: 'Claims Summary API',
    summary: "A member signs in and agrees; the app reads that member's claims and nothing else.",
    flow: 'authorization-code',
    scopes: ['openid', 'fhirUser', 'launch/patient', 'patient/ExplanationOfBenefit.rs'],
    toleratedScopes: [],
    reads: {
      data: 'own compartment',
      compartment: ['Patient', 'Coverage', 'ExplanationOfBenefit'],
      referenced: ['Organization'],
      ofGrant: [],
    },
  },
  'insurance-plans': {
    title: 'Insurance Plans API',
    summary: 'The app itself reads the insurance plans on offer; no member is involved.',
    flow: 'client-credentials',
    scopes: ['system/InsurancePlan.rs'],
    toleratedScopes: [],
    reads: { data: 'directory', types: ['InsurancePlan', 'Organization'] },
  },
} as const;

/** An environment that is no row of the table: it opens with the platform team's approval. */
const newEnvironment = {
  preview: {
    title: 'Preview',
    opens: 'with-approval',
    data: 'synthetic',
    localFhirPath: '/preview/interop/external/fhir',
  },
} as const;

/**
 * Adds {@link newPlans} to the table of plans, and {@link newEnvironment} to the table of environments. To be
 * called before the first import of any module that reads the tables, so the modules of the test are imported
 * dynamically. Test files with new rows share a process and its modules, so each adds all rows.
 */
export async function addNewRows(vi: ModuleMocks): Promise<void> {
  await addRows(vi, 'plan-table', 'planTable', newPlans);
  await addRows(vi, 'environment-table', 'environmentRules', newEnvironment);
}
