import type { GrantNotice } from '@payer/smart';
import type { TextKey, Texts } from '@payer/ui';

/** A mail without its recipient. */
export interface NoticeMail {
  subject: string;
  text: string;
  links: string[];
}

/** The text about who or what ended the grant. */
function whyEnded({ reason, is_ended_by_other }: GrantNotice): TextKey {
  if (is_ended_by_other) return 'mail.ended.person';
  if (reason === 'member') return 'mail.ended.member';
  if (reason === 'expired') return 'mail.ended.expired';
  return reason === 'right-ended' ? 'mail.ended.right' : 'mail.ended.other';
}

/** The mail of a notice, as plain text. */
export function noticeMail(
  notice: GrantNotice,
  texts: Texts,
  plan: { name: string; contact: string | undefined; connectedApps: string },
): NoticeMail {
  const { kind, organization } = notice;
  const values = {
    app: notice.client_name,
    plan: plan.name,
    date: texts.date(new Date(notice.until)),
  };
  const byKind = {
    created: [texts.t('mail.created.text', values), texts.t('mail.notYou', values)],
    ending: [texts.t('mail.ending.text', values), texts.t('mail.ending.next')],
    ended: [texts.t('mail.ended.text', values), texts.t(whyEnded(notice)), texts.t('mail.ended.kept')],
  };
  const paragraphs = [
    ...byKind[kind],
    ...(organization ? [texts.t('mail.maker', { organization })] : []),
    `${texts.t('mail.look')}\n${plan.connectedApps}`,
    ...(plan.contact ? [texts.t('mail.contact', { contact: plan.contact })] : []),
  ];
  return {
    subject: texts.t(`mail.${kind}.subject`, values),
    text: `${paragraphs.join('\n\n')}\n`,
    links: [plan.connectedApps],
  };
}
