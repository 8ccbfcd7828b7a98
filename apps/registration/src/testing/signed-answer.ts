import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServiceIdentity } from '@payer/service';
import type { ServiceName } from '@payer/smart';
import { sendSigned as sendSignedBy } from '@payer/testing';

/** Answers a GET of registration with JSON, signed like an answer of the service that the double replaces. */
export function sendSigned(
  service: ServiceName,
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
): Promise<void> {
  const identity = ServiceIdentity.of(service, { NODE_ENV: 'test' });
  return sendSignedBy(request, response, body, (claims) => identity.signAnswer(claims));
}

/** The service that a path of the double belongs to. */
export const neighbourOf = (path: string): ServiceName =>
  path.endsWith('/members') ? 'auth-server' : 'fhir-api';
