import type { Made, ScheduledJob } from '@payer/service';
import { SecretNotices } from './webhooks/secret-notices.js';
import { WebhookSender } from './webhooks/webhook-sender.js';

const second = 1000;
const hour = 3600 * second;

/** The scheduled jobs of registration. */
export const scheduledJobs: Made<ScheduledJob[]> = {
  inject: [WebhookSender, SecretNotices],
  useFactory: (sender: WebhookSender, notices: SecretNotices): ScheduledJob[] => [
    { name: 'sending webhooks', interval: second, run: () => sender.sendDue() },
    { name: 'announcing ends of secrets', interval: 10 * second, run: () => notices.announce() },
    { name: 'forgetting webhook messages', interval: hour, run: () => sender.forgetOld() },
  ],
};
