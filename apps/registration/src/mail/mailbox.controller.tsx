import { Controller, Get, Inject, NotFoundException, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CONFIG, parseQuery } from '@payer/service';
import { z } from 'zod';
import type { Config } from '../config.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { sendPortalPage } from '../http/portal-page.js';
import { MailboxPage } from './mailbox-page.js';
import { Mailer } from './mailer.js';

const mailboxQuery = z.object({ to: z.string().max(254).optional() });

const mailView = z.object({
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  links: z.array(z.string()),
});

/** Shows the mails of a local system, which sends none. With `NODE_ENV=production` there is no mailbox. */
@ApiTags('mailbox')
@Controller()
export class MailboxController {
  constructor(
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('api/mailbox')
  @ApiCall({
    summary: 'Local systems only: mails that would have been sent, newest first, at most 100',
    open: true,
    answer: z.array(mailView),
    errors: [404],
  })
  list(@Query() query: unknown) {
    return this.mails(query);
  }

  @Get('mailbox')
  async page(@Query() query: unknown, @Res() reply: FastifyReply) {
    const mails = await this.mails(query);
    return sendPortalPage(reply, <MailboxPage planName={this.config.PLAN_NAME} mails={mails} />);
  }

  private mails(query: unknown) {
    if (this.config.NODE_ENV === 'production') throw new NotFoundException();
    return this.mailer.list(parseQuery(mailboxQuery, query).to);
  }
}
