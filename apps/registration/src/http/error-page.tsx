import { Logger } from '@nestjs/common';
import { failureOf, Problem, unexpectedFailure, type RequestFailure } from '@payer/service';
import { contentSecurityPolicy, ErrorPage, renderPage } from '@payer/ui';
import type { FastifyReply } from 'fastify';
import { SignInFirst } from '../sessions/sign-in-first.js';

/**
 * Answers an error of a page with a page. Details of an unexpected error stay in the log.
 * @param requestId shown to people who want to report an unexpected error
 */
export function answerErrorPage(error: unknown, reply: FastifyReply, requestId: string): void {
  if (error instanceof SignInFirst) return void reply.redirect('/sign-in', 303);
  const { status, code, detail, retryAfter } = pageFailureOf(error, requestId);
  const html = renderPage(
    <ErrorPage
      title={titleOf(status)}
      area="portal"
      homeHref="/"
      whatHappened={detail}
      whatToDo={code === 'link_expired' ? <NewLink /> : <StartAgain />}
    />,
  );
  if (retryAfter !== undefined) void reply.header('retry-after', String(retryAfter));
  void reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', contentSecurityPolicy({ formAction: ["'self'"] }))
    .send(html);
}

const StartAgain = () => (
  <>
    Go back, or start again at <a href="/">the portal’s first page</a>.
  </>
);

/** The pages that send mails with links. */
const NewLink = () => (
  <>
    If you have used the link, <a href="/sign-in">sign in</a>. These pages send a new one:{' '}
    <a href="/sign-up">sign-up</a>, <a href="/forgot-password">new password</a> and{' '}
    <a href="/account">your account</a>.
  </>
);

function titleOf(status: number): string {
  if (status === 404) return 'Not found';
  return status >= 500 ? 'The portal is not available right now' : 'That did not work';
}

function pageFailureOf(error: unknown, requestId: string): RequestFailure {
  if (error instanceof Problem) return { status: error.getStatus(), code: error.code, detail: error.detail };
  const failure = failureOf(error);
  if (failure) return failure.status === 404 ? { ...failure, detail: 'There is no such page.' } : failure;
  logger.error((error as Error)?.stack ?? String(error));
  return unexpectedFailure(requestId);
}

const logger = new Logger('http');
