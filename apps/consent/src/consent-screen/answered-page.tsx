import type { Environment } from '@payer/smart';
import { Instant, renderMemberMessage, type Texts } from '@payer/ui';
import type { GrantRow } from '../grants/grants.js';

/** The page of a consent request that was already decided: the decision, and its effect. */
export function renderAnsweredPage(props: {
  texts: Texts;
  planName: string;
  environment: Environment;
  appName: string;
  /** Name of the patient, if the member acted for another person. */
  patientName?: string;
  isSuspended: boolean;
  /** The grant of a positive decision. Undefined after a "no". */
  grant: GrantRow | undefined;
  managementUrl: string;
}): string {
  const { texts, appName, patientName, isSuspended, grant, managementUrl, ...page } = props;
  const title = texts.t(grant ? 'answered.yes' : 'answered.no', { app: appName });
  const message = (...lines: Parameters<typeof renderMemberMessage>[1][]) =>
    renderMemberMessage({ ...page, texts, title }, ...lines);
  if (!grant) return message(texts.t('answered.no.text'));
  return message(
    ...(patientName ? [texts.rich('answered.for', { patient: <bdi>{patientName}</bdi> })] : []),
    stateOfGrant(texts, grant, isSuspended),
    <a href={managementUrl}>{texts.t('answered.link')}</a>,
  );
}

function stateOfGrant(texts: Texts, grant: GrantRow, isSuspended: boolean) {
  const ended = grant.revoked_at ?? (grant.expires_at <= new Date() ? grant.expires_at : undefined);
  if (ended) return texts.rich('answered.ended', { date: <Instant texts={texts} at={ended} /> });
  if (isSuspended) return texts.t('answered.suspended');
  if (grant.status === 'pending') return texts.t('answered.unconfirmed');
  return texts.rich('answered.active', { date: <Instant texts={texts} at={grant.expires_at} /> });
}
