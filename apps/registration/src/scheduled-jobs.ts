import type { Made, ScheduledJob } from '@payer/service';
import { MailDelivery } from './mail/mail-delivery.js';
import { SecretNotices } from './webhooks/secret-notices.js';
import { WebhookSender } from './webhooks/webhook-sender.js';

const second = 1000;
const hour = 3600 * second;

/** The scheduled jobs of registration. */
export const scheduledJobs: Made<ScheduledJob[]> = {
  inject: [WebhookSender, SecretNotices, MailDelivery],
  useFactory: (sender: WebhookSender, notices: SecretNotices, mails: MailDelivery): ScheduledJob[] => [
    { name: 'sending webhooks', interval: second, run: () => sender.sendDue() },
    { name: 'sending mails', interval: second, run: () => mails.sendDue() },
    { name: 'announcing ends of secrets', interval: 10 * second, run: () => notices.announce() },
    { name: 'forgetting webhook messages', interval: hour, run: () => sender.forgetOld() },
  ],
};
