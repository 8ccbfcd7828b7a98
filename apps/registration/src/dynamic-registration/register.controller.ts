import { Body, Controller, Headers, Inject, Post, Req, Res } from '@nestjs/common';
import { CONFIG, randomToken } from '@payer/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EntityManager } from 'typeorm';
import { AppsService } from '../apps/apps.service.js';
import type { Config } from '../config.js';
import type { Actor } from '../sessions/actor.js';
import { bearerToken } from '../sessions/bearer.guard.js';
import { PortalSessions } from '../sessions/portal-sessions.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import {
  clientInformation,
  readMetadata,
  registrationAnswer,
  registrationRequest,
  withoutNulls,
} from './client-information.js';
import { InitialAccessTokens } from './initial-access-tokens.service.js';
import { SoftwareStatements } from './software-statements.service.js';
import { RegistrationError } from '../http/registration-error.js';

/**
 * Client registration endpoint (RFC 7591 §3) for developers' programs. Subscribes the app at once, so its
 * sandbox works.
 */
@ApiTags('dynamic registration')
@Controller('register')
export class RegisterController {
  constructor(
    private readonly apps: AppsService,
    private readonly tokens: InitialAccessTokens,
    private readonly sessions: PortalSessions,
    private readonly limits: CreationLimits,
    private readonly statements: SoftwareStatements,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post()
  @ApiCall({
    summary:
      'RFC 7591: register an app with an initial access token (or a session token); errors as in RFC 7591',
    body: registrationRequest,
    status: 201,
    answer: registrationAnswer,
  })
  async register(
    @Headers('authorization') authorization: string | undefined,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
    this.limits.takeRegistration(request, reply);
    const { actor, use } = await this.developerOf(authorization, reply);
    const signed = await this.statements.apply(withoutNulls(body));
    const { metadata, plan } = readMetadata(signed.body);
    this.limits.takeApp(actor, request, reply);
    const token = randomToken();
    const { app, client_secret } = await this.apps.create(actor, metadata, {
      plan,
      also: use,
      registrationToken: token,
      softwareStatement: signed.statement,
    });
    return clientInformation(app, plan, {
      portalUrl: this.config.REGISTRATION_URL,
      token,
      secret: client_secret,
    });
  }

  private async developerOf(
    authorization: string | undefined,
    reply: FastifyReply,
  ): Promise<{ actor: Actor; use?: (manager: EntityManager) => Promise<void> }> {
    const token = bearerToken(authorization);
    const refuse = (description: string): never => {
      reply.header('www-authenticate', token ? 'Bearer error="invalid_token"' : 'Bearer');
      throw new RegistrationError('invalid_token', description);
    };
    if (!token)
      return refuse('Send "Authorization: Bearer <initial access token>"; the developer portal issues one.');
    const owner = await this.tokens.ownerOf(token);
    if (owner)
      return {
        actor: owner,
        use: async (manager) => {
          if (!(await this.tokens.use(manager, token))) refuse('The initial access token is used up.');
        },
      };
    const actor = await this.sessions.actorOf(token);
    if (actor?.role === 'developer') return { actor };
    return refuse(
      'The initial access token is unknown, used up or has expired; get a new one in the portal.',
    );
  }
}
