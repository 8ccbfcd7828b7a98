import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { CONFIG, parseBody, parseQuery } from '@payer/service';
import { planRules } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiExcludeController } from '../http/api-docs.js';
import { NewSecretCookie } from '../app-page/new-secret-cookie.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { PageSession } from '../sessions/page-session.js';
import { InitialAccessTokens } from '../dynamic-registration/initial-access-tokens.service.js';
import { formErrors, formStatus, sendPortalPage } from '../http/portal-page.js';
import { LandingPage } from '../landing/landing.js';
import { ProductionQueue } from '../platform-team/production-queue.js';
import { queueQuery } from '../production-requests/request-queue.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { subscriptionBody } from '../subscriptions/subscriptions.service.js';
import { linesOf, settingsOf, type AppFormValues } from '../apps/app-fields.js';
import { newAppBody } from '../client-metadata/app-metadata.js';
import { AppsListPage } from './apps-list-page.js';
import { AppsService } from '../apps/apps.service.js';
import { OrganizationsService } from '../organizations/organizations.service.js';
import { NewAppPage } from './new-app-page.js';

const homeQuery = z.object({ done: z.enum(['deleted', 'token-revoked']).optional() });

/** The first page, and the page that creates an app. Both have the effect of the JSON API. */
@ApiExcludeController()
@Controller()
export class AppsPagesController {
  constructor(
    private readonly apps: AppsService,
    private readonly organizations: OrganizationsService,
    private readonly tokens: InitialAccessTokens,
    private readonly queue: ProductionQueue,
    private readonly session: PageSession,
    private readonly limits: CreationLimits,
    private readonly newSecret: NewSecretCookie,
    private readonly landing: LandingPage,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  async home(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.actor(request);
    if (!actor) return this.landing.send(reply);
    if (actor.role === 'platform') {
      const { decided, ...filter } = parseQuery(queueQuery.extend({ decided: z.string().optional() }), query);
      return this.queue.show(actor, reply, filter, decided !== undefined);
    }
    const { done } = parseQuery(homeQuery, query);
    const apps = await this.apps.list(actor);
    return sendPortalPage(
      reply,
      <AppsListPage {...this.shell(actor)} apps={apps} tokens={await this.tokens.list(actor)} done={done} />,
    );
  }

  @Post('initial-access-token')
  async issueToken(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    const session = this.session.token(request) ?? '';
    const { token } = await this.tokens.issue(actor, { expires_in: 86_400, uses: 10 }, session);
    const apps = await this.apps.list(actor);
    const tokens = await this.tokens.list(actor);
    return sendPortalPage(
      reply,
      <AppsListPage {...this.shell(actor)} apps={apps} tokens={tokens} token={token} />,
    );
  }

  @Post('initial-access-token/revoke')
  async revokeToken(
    @Body() body: { id?: string } | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.tokens.revoke(await this.session.require(request), body?.id ?? '');
    return reply.redirect('/?done=token-revoked', 303);
  }

  @Get('apps/new')
  async newApp(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const actor = await this.session.require(request);
    const organizations = await this.organizations.list(actor);
    return sendPortalPage(reply, <NewAppPage {...this.shell(actor)} organizations={organizations} />);
  }

  @Get('apps')
  async list(@Res() reply: FastifyReply) {
    return reply.redirect('/', 303);
  }

  @Post('apps')
  async create(
    @Body() body: (AppFormValues & { plan?: string; organization_id?: string }) | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const actor = await this.session.require(request);
    try {
      const { plan } = parseBody(subscriptionBody, body);
      const fields = { ...settingsOf(body ?? {}), redirect_uris: linesOf(body?.redirect_uris) };
      const metadata = parseBody(bodyOfPlan(plan), fields);
      this.limits.takeApp(actor, request, reply);
      const organizationId = body?.organization_id || undefined;
      const { app, client_secret } = await this.apps.create(actor, metadata, { plan, organizationId });
      if (client_secret) this.newSecret.keep(request, reply, app.client_id, client_secret);
      return reply.redirect(`/apps/${app.client_id}`, 303);
    } catch (error) {
      const organizations = await this.organizations.list(actor);
      const page = (
        <NewAppPage
          {...this.shell(actor)}
          organizations={organizations}
          values={body}
          errors={formErrors(error)}
        />
      );
      return sendPortalPage(reply, page, formStatus(error));
    }
  }

  private shell(actor: Actor) {
    return { planName: this.config.PLAN_NAME, actor };
  }
}

/** A plan whose flow returns members to the app needs a redirect URI from the start. */
function bodyOfPlan(plan: keyof typeof planRules): typeof newAppBody {
  if (!planRules[plan].needsRedirectUri) return newAppBody;
  const needed = newAppBody.shape.redirect_uris.unwrap().min(1, 'must have at least one address');
  return newAppBody.extend({ redirect_uris: needed }) as unknown as typeof newAppBody;
}
