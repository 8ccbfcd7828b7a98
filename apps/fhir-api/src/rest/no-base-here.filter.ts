import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FhirError } from '@payer/fhir-store';
import { findEnvironment, type Addresses, type Environment } from '@payer/smart';
import { errorAnswer, answerOf } from './error-answer.js';
import { commonHeaders } from './security-headers.js';
import { interactionOf } from './interaction.js';

/** Answers requests outside the FHIR bases with the URLs of the bases. */
@Catch(NotFoundException)
export class NoBaseHereFilter implements ExceptionFilter {
  constructor(
    private readonly addresses: Addresses,
    private readonly served: readonly Environment[],
  ) {}

  catch(_error: NotFoundException, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const { status, headers, body } = this.answerTo(request);
    void host
      .switchToHttp()
      .getResponse<FastifyReply>()
      .code(status)
      .headers({ ...commonHeaders, ...headers })
      .send(body);
  }

  /** A request below a base has no route if the router does not know its method. */
  private answerTo({ method, url, headers }: FastifyRequest) {
    const found = findEnvironment(this.addresses, headers.host ?? '', url.split('?')[0] ?? '');
    if (found && this.served.includes(found.environment))
      try {
        interactionOf(method, found.rest);
      } catch (error) {
        if (error instanceof FhirError) return answerOf(error);
        throw error;
      }
    return noBaseHere(this.addresses, this.served);
  }
}

/** 404 for a host or path that is below no FHIR base. */
export function noBaseHere(addresses: Addresses, served: readonly Environment[]) {
  const bases = served.map((name) => `${addresses[name].fhirBaseUrl} (${name})`);
  return errorAnswer(
    404,
    'not-found',
    `There is no FHIR base at this host and path. ${bases.length > 1 ? 'The bases are' : 'The base is'} ${bases.join(' and ')}.`,
  );
}
