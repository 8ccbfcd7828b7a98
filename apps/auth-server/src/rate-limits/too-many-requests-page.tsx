import type { Environment } from '@payer/smart';
import { ErrorPage, renderPage } from '@payer/ui';

/** For a person whose network has sent too many authorization requests. @param retryAfter seconds */
export function renderTooManyRequestsPage(
  planName: string,
  environment: Environment,
  retryAfter: number,
): string {
  const minutes = Math.ceil(retryAfter / 60);
  return renderPage(
    <ErrorPage
      title="Please wait a moment"
      area="member"
      planName={planName}
      environment={environment}
      whatHappened="Too many requests came from your network. Nothing was shared."
      whatToDo={`Go back to the app and try again in ${minutes} minute${minutes === 1 ? '' : 's'}.`}
    />,
  );
}
