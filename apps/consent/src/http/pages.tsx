import type { Environment } from '@payer/smart';
import { contentSecurityPolicy, ErrorPage, renderPage } from '@payer/ui';
import type { FastifyReply } from 'fastify';

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
  status = 400,
) {
  const html = renderPage(
    <ErrorPage
      title="Please start again"
      planName={planName}
      environment={environment}
      whatHappened={`${whatHappened} Nothing was shared.`}
      whatToDo="Go back to the app and connect again."
    />,
  );
  return sendPage(reply, html, status);
}
