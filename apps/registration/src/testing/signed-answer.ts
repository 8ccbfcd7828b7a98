import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServiceIdentity } from '@payer/service';
import type { ServiceName } from '@payer/smart';
import { answerClaims } from '@payer/testing';

/** Answers a GET of registration with JSON, signed as the service that a test plays signs its answers. */
export async function sendSigned(
  service: ServiceName,
  request: IncomingMessage,
  response: ServerResponse,
  body: unknown,
): Promise<void> {
  const text = JSON.stringify(body);
  const identity = ServiceIdentity.of(service, { NODE_ENV: 'test' });
  const signature = await identity.signAnswer(answerClaims(request, '', 200, text));
  response.setHeader('content-type', 'application/json').setHeader('answer-signature', signature).end(text);
}

/** The service that a path of a played neighbour belongs to. */
export const neighbourOf = (path: string): ServiceName =>
  path.endsWith('/members') ? 'auth-server' : 'fhir-api';
