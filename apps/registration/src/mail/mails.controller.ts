import { Body, Controller, Headers, HttpCode, Post, UseFilters } from '@nestjs/common';
import { parseBody, ProblemFilter, ServiceIdentity } from '@payer/service';
import { internalRoutes, mailToSend } from '@payer/smart';
import { DataSource } from 'typeorm';
import { ApiExcludeController } from '../http/api-docs.js';
import { Mailer } from './mailer.js';

/** Takes mails to members from auth-server. The outbox keeps a member's address only as long as the mail. */
@ApiExcludeController()
@Controller('internal/mails')
@UseFilters(ProblemFilter)
export class MailsController {
  constructor(
    private readonly identity: ServiceIdentity,
    private readonly source: DataSource,
    private readonly mailer: Mailer,
  ) {}

  @Post()
  @HttpCode(200)
  async take(@Body() body: unknown, @Headers('authorization') authorization: string | undefined) {
    await this.identity.refuseStrangers(authorization, internalRoutes.registration['mail to a member']);
    const { id, ...mail } = parseBody(mailToSend, body);
    await this.mailer.send(this.source, mail, { id, isToMember: true });
    return {};
  }
}
