import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Answers paths that lead nowhere: browsers with a page, programs with problem details (RFC 9457). */
@Catch(NotFoundException)
export class NotFoundFilter implements ExceptionFilter {
  /**
   * @param page the page's HTML
   * @param contentSecurityPolicy its header
   */
  constructor(
    private readonly page: string,
    private readonly contentSecurityPolicy: string,
  ) {}

  catch(_error: NotFoundException, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>().code(404);
    const path = request.url.split('?')[0];
    if (request.headers.accept?.includes('text/html'))
      void reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', this.contentSecurityPolicy)
        .send(this.page);
    else
      void reply.type('application/problem+json').send({
        title: 'not found',
        status: 404,
        code: 'not_found',
        detail: `There is nothing at ${request.method} ${path}.`,
      });
  }
}
