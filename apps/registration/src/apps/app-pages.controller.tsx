import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { addressesFrom, noFilters, parseBody, parseQuery, Sealer } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONFIG, type RegistrationConfig } from '../config.js';
import type { Actor } from '../developers/actor.js';
import { PageSession } from '../developers/page-session.js';
import { WelcomePage } from '../developers/sign-in-pages.js';
import { InitialAccessTokens } from '../dynamic-registration/initial-access-tokens.service.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { ProductionQueue } from '../platform-team/production-queue.js';
import {
  productionRequestBody,
  ProductionRequestsService,
} from '../production-requests/production-requests.service.js';
import { subscriptionBody, SubscriptionsService } from '../subscriptions/subscriptions.service.js';
import { AppDetail } from './app-detail.js';
import { appPatchBody, newAppBody } from './app-metadata.js';
import { AppsPage, NewAppPage, type AppFormValues, type AppPageValues } from './app-pages.js';
import { AppSecretsService } from './app-secrets.service.js';
import { AppsService } from './apps.service.js';

type Fields = AppFormValues & Record<string, string | undefined>;

const secretCookie = 'portal_new_secret';
const secretShownFor = 120;

/** Form fields as the JSON API's body: lists are lines, empty is absent. */
function metadataOf(fields: Fields) {
  const { redirect_uris = '', require_pkce, client_name } = fields;
  const uris = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'] as const;
  return {
    client_name,
    redirect_uris: redirect_uris
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter(Boolean),
    require_pkce: require_pkce === 'true',
    ...Object.fromEntries(uris.map((name) => [name, fields[name]?.trim() || null])),
  };
}

/** A developer's apps, as pages; they do what the JSON API does. */
@ApiExcludeController()
@Controller()
export class AppPagesController {
  private readonly sealer: Sealer;

  constructor(
    private readonly apps: AppsService,
    private readonly secrets: AppSecretsService,
    private readonly subscriptions: SubscriptionsService,
    private readonly requests: ProductionRequestsService,
    private readonly detail: AppDetail,
    private readonly tokens: InitialAccessTokens,
    private readonly queue: ProductionQueue,
    private readonly session: PageSession,
    private readonly limits: CreationLimits,
    @Inject(CONFIG) private readonly config: RegistrationConfig,
  ) {
    this.sealer = new Sealer(config.PORTAL_SEALING_KEY);
  }

  @Get()
  async home(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.actor(request);
    if (!actor)
      return sendPortalPage(
        reply,
        <WelcomePage planName={this.config.PLAN_NAME} addresses={addressesFrom(this.config)} />,
      );
    parseQuery(noFilters, query);
    if (actor.role === 'platform') return this.queue.show(actor, reply);
    return sendPortalPage(reply, <AppsPage {...this.shell(actor)} apps={await this.apps.list(actor)} />);
  }

  @Post('initial-access-token')
  async issueToken(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    const { token } = await this.tokens.issue(actor, { expires_in: 86_400, uses: 10 });
    return sendPortalPage(
      reply,
      <AppsPage {...this.shell(actor)} apps={await this.apps.list(actor)} token={token} />,
    );
  }

  @Get('apps/new')
  async newApp(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    return sendPortalPage(reply, <NewAppPage {...this.shell(await this.session.require(request))} />);
  }

  @Post('apps')
  async create(@Body() body: Fields | undefined, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    try {
      const { plan } = parseBody(subscriptionBody, body);
      const metadata = parseBody(newAppBody, metadataOf(body ?? {}));
      if (plan === 'patient-access' && metadata.redirect_uris.length === 0)
        parseBody(
          newAppBody.extend({
            redirect_uris: newAppBody.shape.redirect_uris.unwrap().min(1, 'needs at least one'),
          }),
          metadata,
        );
      this.limits.takeApp(actor, request, reply);
      const { app, client_secret } = await this.apps.create(actor, metadata, { plan });
      return this.showOnce(reply, app.client_id, client_secret);
    } catch (error) {
      const errors = formErrors(error);
      return sendPortalPage(
        reply,
        <NewAppPage {...this.shell(actor)} values={body} errors={errors} />,
        formStatus(error),
      );
    }
  }

  @Get('apps/:client_id')
  async show(
    @Param('client_id') clientId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    const secret = this.secretShownOnce(request, reply, clientId);
    return this.detail.show(actor, clientId, reply, { secret });
  }

  @Post('apps/:client_id/secret')
  async replaceSecret(
    @Param('client_id') clientId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    const replaced = await this.secrets.replace(actor, clientId, this.config.SECRET_GRACE_SECONDS);
    return this.showOnce(reply, clientId, replaced.client_secret);
  }

  @Post('apps/:client_id/settings')
  settings(
    @Param('client_id') clientId: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const edit = (actor: Actor) =>
      this.apps.edit(actor, clientId, parseBody(appPatchBody, metadataOf(body ?? {})));
    return this.act(request, reply, clientId, edit, { settings: body });
  }

  @Post('apps/:client_id/subscription')
  subscribe(
    @Param('client_id') clientId: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.act(request, reply, clientId, (actor) =>
      this.subscriptions.subscribe(actor, clientId, parseBody(subscriptionBody, body).plan),
    );
  }

  @Post('apps/:client_id/production-request')
  askForProduction(
    @Param('client_id') clientId: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const ask = (actor: Actor) => this.requests.ask(actor, clientId, parseBody(productionRequestBody, body));
    return this.act(request, reply, clientId, ask, { use_case: body?.use_case });
  }

  @Post('apps/:client_id/delete')
  async delete(
    @Param('client_id') clientId: string,
    @Body() body: Fields | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    if (body?.confirm_deletion !== 'true') {
      const message = 'Tick the box when you are sure: what is deleted cannot be brought back';
      const errors = [{ field: 'confirm_deletion', message }];
      return this.detail.show(actor, clientId, reply, { errors });
    }
    await this.apps.delete(actor, clientId);
    return reply.redirect('/', 303);
  }

  /** Does something to an app and shows it again, with the reason when it was refused. */
  private async act(
    request: FastifyRequest,
    reply: FastifyReply,
    clientId: string,
    work: (actor: Actor) => Promise<unknown>,
    values?: AppPageValues,
  ) {
    const actor = await this.session.require(request);
    try {
      await work(actor);
    } catch (error) {
      return this.detail.show(actor, clientId, reply, { errors: formErrors(error), values });
    }
    return reply.redirect(`/apps/${clientId}`, 303);
  }

  /** The secret travels to the page that shows it in a sealed cookie, and is gone after that: a reload does not show it again. */
  private showOnce(reply: FastifyReply, clientId: string, secret: string) {
    void reply.setCookie(secretCookie, this.sealer.seal(secret, clientId), {
      path: `/apps/${clientId}`,
      httpOnly: true,
      sameSite: 'lax',
      secure: this.session.secure,
      maxAge: secretShownFor,
    });
    return reply.redirect(`/apps/${clientId}`, 303);
  }

  private secretShownOnce(
    request: FastifyRequest,
    reply: FastifyReply,
    clientId: string,
  ): string | undefined {
    const sealed = request.cookies[secretCookie];
    if (!sealed) return undefined;
    void reply.clearCookie(secretCookie, { path: `/apps/${clientId}` });
    try {
      return this.sealer.open(sealed, clientId);
    } catch {
      return undefined;
    }
  }

  private shell(actor: Actor) {
    return { planName: this.config.PLAN_NAME, actor };
  }
}
