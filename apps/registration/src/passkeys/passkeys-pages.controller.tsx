import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, Problem } from '@payer/service';
import type { FieldError } from '@payer/ui';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import type { Config } from '../config.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import type { Actor } from '../sessions/actor.js';
import { PageSession } from '../sessions/page-session.js';
import { answerScript, credentialOf } from './credential-field.js';
import { newPasskeyBody, passkeyNameBody, passkeyOptionsBody } from './passkey-fields.js';
import { passkeyActs, passkeysAddress, PasskeysPage, RemovePasskeyPage } from './passkeys-page.js';
import { PasskeyNotFound, PasskeysService } from './passkeys.service.js';

type Fields = Record<string, string | undefined>;

/** The page with the passkeys of the account. */
@ApiExcludeController()
@Controller('account/passkeys')
export class PasskeysPagesController {
  private readonly planName: string;

  constructor(
    private readonly passkeys: PasskeysService,
    private readonly session: PageSession,
    @Inject(CONFIG) config: Config,
  ) {
    this.planName = config.PLAN_NAME;
  }

  @Get()
  async show(@Query('done') done: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    const act = Object.entries(passkeyActs).find(([name]) => name === done)?.[1];
    return this.page(reply, actor, { done: act });
  }

  /** Called by the page's script: options for `navigator.credentials.create()`. */
  @Post('options')
  options(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return answerScript(reply, async () => {
      const actor = await this.session.require(request);
      const { current_password } = parseBody(passkeyOptionsBody, body);
      const knownDevice = this.session.knownDevice(request);
      return this.passkeys.options(actor, current_password, {
        entrance: 'page',
        address: request.ip,
        knownDevice,
      });
    });
  }

  @Post()
  async add(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    try {
      const response = credentialOf(body?.response, 'create');
      await this.passkeys.add(actor, parseBody(newPasskeyBody, { name: body?.name, response }));
    } catch (error) {
      const errors = formErrors(error, { name: 'Name', response: 'The answer of the browser' });
      return this.page(reply, actor, { errors, typedName: body?.name, status: formStatus(error) });
    }
    return reply.redirect(`${passkeysAddress}?done=added`, 303);
  }

  @Post(':id')
  async rename(
    @Param('id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    await this.passkeys.rename(actor, id, parseBody(passkeyNameBody, { name: body?.name }).name);
    return reply.redirect(`${passkeysAddress}?done=renamed`, 303);
  }

  @Get(':id/remove')
  async askToRemove(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    const passkey = (await this.passkeys.list(actor.id)).find((one) => one.id === id);
    if (!passkey) throw new PasskeyNotFound();
    return sendPortalPage(
      reply,
      <RemovePasskeyPage planName={this.planName} actor={actor} passkey={passkey} />,
    );
  }

  @Post(':id/remove')
  async remove(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    try {
      await this.passkeys.remove(actor, id);
    } catch (error) {
      // A second press of the button finds the passkey removed already.
      if (!(error instanceof Problem)) throw error;
    }
    return reply.redirect(`${passkeysAddress}?done=removed`, 303);
  }

  private async page(
    reply: FastifyReply,
    actor: Actor,
    shown: { errors?: FieldError[]; typedName?: string; done?: string; status?: number },
  ) {
    const passkeys = await this.passkeys.list(actor.id);
    const { status, ...rest } = shown;
    const page = <PasskeysPage planName={this.planName} actor={actor} passkeys={passkeys} {...rest} />;
    return sendPortalPage(reply, page, status);
  }
}
