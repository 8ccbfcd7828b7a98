import type { Environment } from '@payer/smart';
import { renderMemberMessage, type Texts } from '@payer/ui';

/** The page for a network with too many authorization requests. @param retryAfter seconds */
export function renderTooManyRequestsPage(
  texts: Texts,
  planName: string,
  environment: Environment,
  retryAfter: number,
): string {
  return renderMemberMessage(
    { texts, planName, environment, title: texts.t('error.tooMany') },
    texts.t('error.tooMany.text'),
    texts.count('error.tooMany.next', Math.ceil(retryAfter / 60)),
  );
}
