import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiExcludeController } from '../http/api-docs.js';
import { AppSecretsService } from '../apps/app-secrets.service.js';
import { AppsService } from '../apps/apps.service.js';
import type { Config } from '../config.js';
import { RegistrationTokens } from '../dynamic-registration/registration-tokens.service.js';
import { PageSession } from '../sessions/page-session.js';
import { sendPortalPage } from '../http/portal-page.js';
import { appPatchBody } from '../client-metadata/app-metadata.js';
import { AppPages } from './app-pages.js';
import { authenticationOf, type AuthenticationFields } from './authentication-form.js';
import { DeleteAppPage, EndPreviousSecretPage, ReplaceSecretPage } from './credentials-page.js';
import { NewSecretCookie } from './new-secret-cookie.js';
import { tabAddress } from './tabs.js';

type Fields = Record<string, string | undefined>;

/**
 * The credentials of an app: replaces and invalidates secrets, deletes the app. Each action has a
 * confirmation page.
 */
@ApiExcludeController()
@Controller('apps/:client_id')
export class CredentialsPagesController {
  constructor(
    private readonly pages: AppPages,
    private readonly apps: AppsService,
    private readonly secrets: AppSecretsService,
    private readonly registrationTokens: RegistrationTokens,
    private readonly session: PageSession,
    private readonly newSecret: NewSecretCookie,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get('credentials')
  credentials(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.show(request, reply, id, 'credentials');
  }

  @Post('credentials/authentication')
  saveAuthentication(
    @Param('client_id') id: string,
    @Body() body: AuthenticationFields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'credentials',
      done: 'authentication-saved',
      work: (actor) => this.apps.edit(actor, id, parseBody(appPatchBody, authenticationOf(body ?? {}))),
      typed: { authentication: body },
    });
  }

  @Get('credentials/authentication')
  backFromAuthentication(@Param('client_id') id: string, @Res() reply: FastifyReply) {
    return reply.redirect(tabAddress(encodeURIComponent(id), 'credentials'), 303);
  }

  @Get('credentials/replace')
  async askToReplace(
    @Param('client_id') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const loaded = await this.pages.load(request, id, 'develop');
    return sendPortalPage(
      reply,
      <ReplaceSecretPage {...loaded} longestGrace={this.config.SECRET_GRACE_SECONDS} />,
    );
  }

  @Post('credentials/replace')
  async replace(
    @Param('client_id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    const { grace_seconds } = parseBody(this.secrets.body, body);
    const replaced = await this.secrets.replace(actor, id, grace_seconds);
    this.newSecret.keep(request, reply, id, replaced.client_secret);
    return reply.redirect(tabAddress(id, 'credentials'), 303);
  }

  @Get('credentials/end-previous')
  async askToEndPrevious(
    @Param('client_id') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return sendPortalPage(
      reply,
      <EndPreviousSecretPage {...await this.pages.load(request, id, 'develop')} />,
    );
  }

  @Post('credentials/end-previous')
  endPrevious(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return this.pages.act(request, reply, id, {
      tab: 'credentials',
      done: 'secret-ended',
      work: (actor) => this.secrets.endPrevious(actor, id),
    });
  }

  @Post('credentials/end-registration-token')
  endRegistrationToken(
    @Param('client_id') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.pages.act(request, reply, id, {
      tab: 'credentials',
      done: 'registration-token-ended',
      work: (actor) => this.registrationTokens.end(actor, id),
    });
  }

  @Get('credentials/stored')
  backToCredentials(@Param('client_id') id: string, @Res() reply: FastifyReply) {
    return reply.redirect(tabAddress(encodeURIComponent(id), 'credentials'), 303);
  }

  @Post('credentials/stored')
  async stored(@Param('client_id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.pages.load(request, id);
    this.newSecret.forget(reply, id);
    return reply.redirect(`${tabAddress(id, 'overview')}?done=secret-stored`, 303);
  }

  @Get('delete')
  async askToDelete(
    @Param('client_id') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return sendPortalPage(reply, <DeleteAppPage {...await this.pages.load(request, id, 'develop')} />);
  }

  @Post('delete')
  async delete(
    @Param('client_id') id: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const loaded = await this.pages.load(request, id, 'develop');
    // A form without the confirmation leads to the confirmation page.
    if (body?.confirm_deletion !== 'true') return sendPortalPage(reply, <DeleteAppPage {...loaded} />, 400);
    await this.apps.delete(loaded.actor, id);
    this.newSecret.forget(reply, id);
    return reply.redirect('/?done=deleted', 303);
  }
}
