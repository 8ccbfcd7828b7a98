import { HttpException } from '@nestjs/common';
import { Problem } from '@payer/service';
import { contentSecurityPolicy, ErrorPage, renderPage } from '@payer/ui';
import type { FastifyReply } from 'fastify';

/** Raised by pages that need somebody signed in. */
export class SignInFirst extends HttpException {
  constructor() {
    super('sign in first', 401);
  }
}

/**
 * Answers an error of a page by a page.
 * @returns false when it was unexpected, and so not for a page to explain
 */
export function answerErrorPage(error: unknown, reply: FastifyReply): boolean {
  if (error instanceof SignInFirst) {
    void reply.redirect('/sign-in', 303);
    return true;
  }
  if (!(error instanceof HttpException)) return false;
  const status = error.getStatus();
  const html = renderPage(
    <ErrorPage
      title={status === 404 ? 'Not found' : 'That did not work'}
      area="portal"
      homeHref="/"
      whatHappened={error instanceof Problem ? error.detail : 'There is no such page.'}
      whatToDo={
        <>
          Go back, or start again at <a href="/">the portal’s first page</a>.
        </>
      }
    />,
  );
  void reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', contentSecurityPolicy({ formAction: ["'self'"] }))
    .send(html);
  return true;
}
