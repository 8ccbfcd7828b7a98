import { environments } from '@payer/smart';
import { z } from 'zod';

/** The result of one live check. */
const checkResult = z.object({
  /** Id of the check. */
  check: z.string(),
  title: z.string(),
  environment: z.enum(environments),
  passed: z.boolean(),
  /** The finding, and the demand of the standard. Null when the check passed. */
  fault: z.string().nullable(),
  /** Milliseconds. */
  duration: z.int(),
});
export type CheckResult = z.infer<typeof checkResult>;

/** A run of the live checks against this deployment. */
export const conformanceRun = z.object({
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime(),
  results: z.array(checkResult),
});
export type ConformanceRun = z.infer<typeof conformanceRun>;
