import { z } from 'zod';
import { grantEndReasons } from './events.js';

/** Events of a grant that its member gets a mail about. */
const noticeKinds = ['created', 'ending', 'ended'] as const;
export type NoticeKind = (typeof noticeKinds)[number];

/**
 * From `consent` to `auth-server`, which knows the member's address and language. A mail can be read by other
 * people, so a notice has no kinds of data, no choice of sensitive data and no patient.
 */
export const grantNotice = z.object({
  /** The same id is sent at most once, however often the notice is handed over. */
  id: z.string().min(1).max(100),
  kind: z.enum(noticeKinds),
  sub: z.string().min(1).max(200),
  client_name: z.string().min(1).max(500),
  organization: z.string().max(500).nullable(),
  /** When the grant ends or has ended. */
  until: z.iso.datetime(),
  /** Why it has ended; null for the other kinds. */
  reason: z.enum(grantEndReasons).nullable(),
  /** Whether another person than the member ended it: the patient for whom the member acted, or a parent. */
  is_ended_by_other: z.boolean(),
  /** IANA name of the time zone for the date. */
  time_zone: z.string().min(1).max(100),
});
export type GrantNotice = z.infer<typeof grantNotice>;

/** From `auth-server` to `registration`, which sends the mails of the platform. */
export const mailToSend = z.object({
  /** A second mail with the same id is not sent. */
  id: z.uuid(),
  to: z.email().max(254),
  subject: z.string().min(1).max(500),
  text: z.string().min(1).max(10_000),
  links: z.array(z.url()).max(10),
});
export type MailToSend = z.infer<typeof mailToSend>;
