import { randomUUID } from 'node:crypto';
import type { EventData, RequestRecord } from '@payer/smart';

/** A served token request, now. */
export const record = (more: Partial<RequestRecord> = {}): RequestRecord => ({
  at: new Date().toISOString(),
  kind: 'token',
  method: 'POST',
  path: '/token (authorization_code)',
  status: 200,
  duration_ms: 12,
  request_id: 'r-1',
  error: null,
  detail: null,
  ...more,
});

export const batchOf = (
  client_id: string,
  requests: RequestRecord[],
  more: Partial<EventData<'requests-recorded'>> = {},
): EventData<'requests-recorded'> => ({
  id: randomUUID(),
  version: 1,
  service: 'auth-server',
  environment: 'sandbox',
  client_id,
  requests,
  skipped: 0,
  ...more,
});
