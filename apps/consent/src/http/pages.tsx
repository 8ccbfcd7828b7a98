import type { Environment } from '@payer/smart';
import { contentSecurityPolicy, ErrorPage, renderPage } from '@payer/ui';
import type { FastifyReply } from 'fastify';
import type { ComponentChildren } from 'preact';

/** Forms here lead, by redirects, to auth-server and to apps, so their targets cannot be listed. */
export function sendPage(reply: FastifyReply, html: string, status = 200) {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', contentSecurityPolicy())
    .header('cache-control', 'no-store')
    .send(html);
}

export function sendProblem(
  reply: FastifyReply,
  planName: string,
  environment: Environment,
  whatHappened: string,
  { whatToDo = 'Go back to the app and connect again.' }: { whatToDo?: ComponentChildren } = {},
) {
  const html = renderPage(
    <ErrorPage
      title="Please start again"
      area="member"
      planName={planName}
      environment={environment}
      whatHappened={`${whatHappened} Nothing was shared.`}
      whatToDo={whatToDo}
    />,
  );
  return sendPage(reply, html, 400);
}

/** For a consent request that is too old, was used before, or was not made for this browser. Names nobody. */
export function sendExpiredRequest(reply: FastifyReply, planName: string, environment: Environment) {
  const html = renderPage(
    <ErrorPage
      title="Please start again"
      area="member"
      planName={planName}
      environment={environment}
      whatHappened={
        'This request has expired, or it was opened in another browser. Go back to the app and start again.'
      }
      whatToDo="Nothing was shared."
    />,
  );
  return sendPage(reply, html, 400);
}
