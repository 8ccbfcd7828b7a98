import { csvCell } from '../http/csv.js';
import type { FastifyReply } from 'fastify';
import type { RequestView } from './app-requests.js';

const columns = [
  'at',
  'environment',
  'kind',
  'method',
  'path',
  'status',
  'duration_ms',
  'request_id',
  'error',
  'cause',
  'fix',
  'redirect_uri',
  'lever',
] as const satisfies readonly (keyof RequestView)[];

/** Requests as CSV (RFC 4180) with a header line. */
function requestsAsCsv(requests: readonly RequestView[]): string {
  const lines = requests.map((request) =>
    columns.map((name) => csvCell(String(request[name] ?? ''))).join(','),
  );
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

export function sendCsv(reply: FastifyReply, requests: readonly RequestView[]) {
  return reply
    .type('text/csv; charset=utf-8')
    .header('content-disposition', 'attachment; filename="requests.csv"')
    .header('cache-control', 'no-store')
    .send(requestsAsCsv(requests));
}
