import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { environments, type Addresses } from '@payer/smart';
import { errorAnswer } from './answer.js';

/** Answers what lies beside the FHIR bases: it tells where they are. */
@Catch(NotFoundException)
export class NoBaseHereFilter implements ExceptionFilter {
  constructor(private readonly addresses: Addresses) {}

  catch(_error: NotFoundException, host: ArgumentsHost): void {
    const { status, headers, body } = noBaseHere(this.addresses);
    void host.switchToHttp().getResponse<FastifyReply>().code(status).headers(headers).send(body);
  }
}

/** 404 for a host or path that is below no FHIR base. */
export function noBaseHere(addresses: Addresses) {
  const bases = environments.map((name) => `${addresses[name].fhirBaseUrl} (${name})`);
  return errorAnswer(
    404,
    'not-found',
    `There is no FHIR base at this host and path. The bases are ${bases.join(' and ')}.`,
  );
}
