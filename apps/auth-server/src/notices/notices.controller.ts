import { Body, Controller, Headers, HttpCode, Inject, Param, Post, UseFilters } from '@nestjs/common';
import { CONFIG, parseBody, Problem, ProblemFilter, ServiceIdentity } from '@payer/service';
import {
  environmentPath,
  grantNotice,
  internalRoutes,
  type Environment,
  type MailToSend,
} from '@payer/smart';
import { isLanguage, Texts } from '@payer/ui';
import { createHash } from 'node:crypto';
import type { Config } from '../config.js';
import { Members } from '../members/members.js';
import { noticeMail } from './notice-mail.js';

/** Milliseconds. */
const timeout = 5000;

/**
 * Takes a notice about a grant from consent, adds the member's address and language, and hands the mail to
 * registration. A member without an address gets no mail.
 */
@Controller(`${environmentPath}/internal/notices`)
@UseFilters(ProblemFilter)
export class NoticesController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly identity: ServiceIdentity,
    private readonly members: Members,
  ) {}

  @Post()
  @HttpCode(200)
  async take(
    @Param('environment') environment: Environment,
    @Body() body: unknown,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<{ is_sent: boolean }> {
    await this.identity.refuseStrangers(authorization, internalRoutes['auth-server']['notice about a grant']);
    const notice = parseBody(grantNotice, body);
    const address = await this.members.addressOf(environment, notice.sub);
    if (!address) return { is_sent: false };
    const language = isLanguage(address.language) ? address.language : 'en';
    const mail = noticeMail(notice, new Texts(language, notice.time_zone), {
      name: this.config.PLAN_NAME,
      contact: this.config.PLAN_CONTACT,
      connectedApps: this.config.addresses[environment].managementUrl,
    });
    await this.send({ id: mailId(environment, notice.id), to: address.email, ...mail });
    return { is_sent: true };
  }

  /** @throws Problem 503 when registration has not taken the mail */
  private async send(mail: MailToSend): Promise<void> {
    const origin = this.config.REGISTRATION_INTERNAL_URL ?? this.config.REGISTRATION_URL;
    const response = await this.identity
      .call('registration', `${origin}/internal/mails`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(mail),
        signal: AbortSignal.timeout(timeout),
      })
      .catch(() => undefined);
    if (!response?.ok)
      throw new Problem(
        503,
        'temporarily_unavailable',
        `registration has not taken the mail (${response?.status ?? 'no answer'}). Send the notice again.`,
      );
  }
}

/**
 * The mail's id follows from the notice's id, so that a notice handed over twice is one mail (RFC 9562 §5.8).
 */
function mailId(environment: Environment, noticeId: string): string {
  const bytes = createHash('sha256').update(`${environment} ${noticeId}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
