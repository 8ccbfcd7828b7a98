import { Logger } from '@nestjs/common';
import type { Environment } from '@payer/smart';
import { Fault, type Check } from './checks/check.js';
import type { Subject } from './checks/subject.js';
import type { CheckResult } from './conformance-run.js';

const logger = new Logger('conformance');

/**
 * Runs checks one after the other, so that the checked services notice little of it.
 * @param until time in milliseconds after which no further check begins
 */
export async function runChecks(
  checks: readonly Check[],
  environment: Environment,
  subject: Subject,
  until: number,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of checks) {
    const startedAt = performance.now();
    const fault =
      Date.now() > until
        ? 'The check was not run, because the earlier ones took too long.'
        : await faultOf(check, subject);
    results.push({
      check: check.id,
      title: check.title,
      environment,
      passed: fault === null,
      fault,
      duration: Math.round(performance.now() - startedAt),
    });
  }
  return results;
}

/** Longest text of a fault. */
const maxFault = 1000;

async function faultOf(check: Check, subject: Subject): Promise<string | null> {
  try {
    await check.run(subject);
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.message.slice(0, maxFault);
    // The cause can name inner addresses, so it stays in the log.
    logger.warn(`the check ${check.id} got no usable answer: ${(error as Error).message}`);
    return 'No usable answer came. The log of registration names the cause.';
  }
}
