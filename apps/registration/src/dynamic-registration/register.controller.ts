import { Body, Controller, Headers, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { planRules } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { newAppBody } from '../client-metadata/app-metadata.js';
import { AppsService } from '../apps/apps.service.js';
import type { Actor } from '../sessions/actor.js';
import { bearerToken } from '../sessions/bearer.guard.js';
import { PortalSessions } from '../sessions/portal-sessions.js';
import { ApiCall } from '../http/api-docs.js';
import { CreationLimits } from '../rate-limits/creation-limits.js';
import { InitialAccessTokens } from './initial-access-tokens.service.js';
import { flowMetadata, planOfMetadata, registeredFlow } from './plan-of-metadata.js';
import { RegistrationError } from '../http/registration-error.js';

const registrationBody = newAppBody.extend(flowMetadata.shape);

const registrationAnswer = newAppBody.extend({
  client_id: z.string(),
  client_secret: z.string().optional(),
  client_id_issued_at: z.int(),
  client_secret_expires_at: z.literal(0).optional(),
  grant_types: z.array(z.string()),
  response_types: z.array(z.string()),
  scope: z.string(),
});

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
  ) {}

  @Post()
  @ApiCall({
    summary:
      'RFC 7591: register an app with an initial access token (or a session token); errors as in RFC 7591',
    body: registrationBody,
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
    const metadata = readMetadata(body);
    const plan = planOfMetadata(metadata);
    if (planRules[plan].needsRedirectUri && metadata.redirect_uris.length === 0)
      throw new RegistrationError('invalid_redirect_uri', 'redirect_uris: must have at least one entry');
    const { grant_types: _g, response_types: _r, scope: _s, ...kept } = metadata;
    this.limits.takeApp(actor, request, reply);
    const { app, client_secret } = await this.apps.create(actor, kept, { plan, also: use });
    return {
      client_id: app.client_id,
      client_id_issued_at: Math.floor(app.created_at.getTime() / 1000),
      ...(client_secret === undefined ? {} : { client_secret, client_secret_expires_at: 0 }),
      ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== null)),
      ...registeredFlow(plan),
    };
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

/** @throws RegistrationError that names every member at fault */
function readMetadata(body: unknown): z.infer<typeof registrationBody> {
  const parsed = registrationBody.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const onlyUris = issues.every((issue) => issue.path[0] === 'redirect_uris');
  throw new RegistrationError(
    onlyUris ? 'invalid_redirect_uri' : 'invalid_client_metadata',
    issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; '),
  );
}
