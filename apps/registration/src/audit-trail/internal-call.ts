import { Logger } from '@nestjs/common';
import { currentTraceparent } from '@payer/events';
import type { ServiceIdentity } from '@payer/service';

const timeout = 10_000;
const logger = new Logger('audit');

/**
 * Sends a query of the platform team to another service, and never while an app waits.
 * @param url without its query
 * @returns the parsed JSON; undefined when the service does not answer, with the reason in the log
 */
export async function askService(
  service: 'auth-server' | 'fhir-api',
  url: string,
  query: URLSearchParams,
  identity: ServiceIdentity,
): Promise<unknown> {
  const traceparent = currentTraceparent();
  try {
    const response = await identity.call(service, `${url}?${query}`, {
      headers: traceparent ? { traceparent } : {},
      signal: AbortSignal.timeout(timeout),
    });
    if (!response.ok) throw new Error(`${service} answered ${response.status}`);
    return await response.json();
  } catch (error) {
    logger.warn({ msg: `${service} did not answer the platform team`, reason: (error as Error).message });
    return undefined;
  }
}
