/** Levels of RFC 2119, in the words of FHIR and of the RFCs. */
export type Level = 'SHALL' | 'SHALL NOT' | 'SHOULD' | 'SHOULD NOT' | 'MUST' | 'MUST NOT';

/** A test of this repository. */
export interface TestReference {
  /** Its path below the repository. */
  file: string;
  /** Its name in the test file. */
  name: string;
}

/** A demand of a standard on a server, with the test that proves it or the reason why it does not apply. */
export type Requirement = {
  /** The section of the standard, or the resource type of a guide. */
  clause: string;
  level: Level;
  text: string;
} & (
  | {
      test: TestReference;
      /** Ids of the live checks that verify it in a running deployment. */
      checks?: readonly string[];
    }
  | { notApplicable: string }
);

/** A standard with its requirements. */
export interface Standard {
  /** The last part of its address in the documentation. */
  slug: string;
  title: string;
  version: string;
  /** Where it is published. */
  url: string;
  requirements: readonly Requirement[];
}

export type ApplicableRequirement = Extract<Requirement, { test: TestReference }>;

export const isApplicable = (one: Requirement): one is ApplicableRequirement => 'test' in one;
