import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Put, Res } from '@nestjs/common';
import { CONFIG, sha256 } from '@payer/service';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { liveSecrets } from '../apps/app-changes.js';
import { AppSecretsService } from '../apps/app-secrets.service.js';
import { AppsService } from '../apps/apps.service.js';
import type { Config } from '../config.js';
import { ApiCall, ApiTags } from '../http/api-docs.js';
import { RegistrationError } from '../http/registration-error.js';
import { bearerToken } from '../sessions/bearer.guard.js';
import {
  clientInformation,
  readMetadata,
  registrationAnswer,
  registrationRequest,
  withoutNulls,
} from './client-information.js';
import { SoftwareStatements } from './software-statements.service.js';
import { RegistrationTokens, type ManagedApp } from './registration-tokens.service.js';

/** Members that only the server sets. A program must not send them (RFC 7592 §2.2). */
const ofTheServer = [
  'registration_access_token',
  'registration_client_uri',
  'client_id_issued_at',
  'client_secret_expires_at',
];

/**
 * Client configuration endpoint (RFC 7592 §2): the program that registered an app reads, changes or ends it.
 */
@ApiTags('dynamic registration')
@Controller('register/:client_id')
export class ClientConfigurationController {
  constructor(
    private readonly tokens: RegistrationTokens,
    private readonly apps: AppsService,
    private readonly secrets: AppSecretsService,
    private readonly statements: SoftwareStatements,
    private readonly source: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Get()
  @ApiCall({ summary: 'RFC 7592: read the registration of an app', answer: registrationAnswer })
  async read(
    @Param('client_id') clientId: string,
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { managed, token } = await this.authorize(clientId, authorization, reply);
    return this.answer(managed, token);
  }

  @Put()
  @ApiCall({
    summary: 'RFC 7592: replace the metadata of an app; an absent member gets its default value',
    body: registrationRequest,
    answer: registrationAnswer,
    errors: [400],
  })
  async replace(
    @Param('client_id') clientId: string,
    @Headers('authorization') authorization: string | undefined,
    @Body() sent: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { managed, token } = await this.authorize(clientId, authorization, reply);
    const body = withoutNulls(sent);
    await this.checkIdentity(managed, body as Record<string, unknown>);
    const signed = await this.statements.apply(body, managed.app.software_statement);
    const { metadata, plan } = readMetadata(signed.body, managed.app.plan ?? undefined);
    if (plan !== managed.app.plan)
      throw new RegistrationError(
        'invalid_client_metadata',
        'grant_types: an app has one plan for good; register another app for another plan',
      );
    const { statement } = signed;
    const patch = statement === undefined ? metadata : { ...metadata, software_statement: statement };
    await this.apps.edit(managed.actor, clientId, patch);
    const changed = await this.tokens.find(clientId, token);
    if (!changed) throw new RegistrationError('invalid_token', 'The registration access token has ended.');
    return this.answer(changed, token, await this.firstSecret(changed));
  }

  @Delete()
  @HttpCode(204)
  @ApiCall({ summary: 'RFC 7592: end an app with its credentials and tokens', status: 204 })
  async delete(
    @Param('client_id') clientId: string,
    @Headers('authorization') authorization: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { managed } = await this.authorize(clientId, authorization, reply);
    await this.apps.delete(managed.actor, clientId);
  }

  /** @throws RegistrationError 401 */
  private async authorize(clientId: string, authorization: string | undefined, reply: FastifyReply) {
    reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' });
    const token = bearerToken(authorization);
    const managed = token && (await this.tokens.find(clientId, token));
    if (managed) return { managed, token };
    reply.header('www-authenticate', token ? 'Bearer error="invalid_token"' : 'Bearer');
    throw new RegistrationError(
      'invalid_token',
      token
        ? 'The registration access token is not the one of this app, or it has ended.'
        : 'Send "Authorization: Bearer <registration_access_token>" of the registration answer.',
    );
  }

  /** @throws RegistrationError when the body names another app, or members that only the server sets */
  private async checkIdentity({ app }: ManagedApp, body: Record<string, unknown>): Promise<void> {
    const refuse = (problem: string) => {
      throw new RegistrationError('invalid_client_metadata', problem);
    };
    if (body.client_id !== app.client_id) refuse('client_id: must be the client_id of the app');
    const foreign = ofTheServer.find((name) => name in body);
    if (foreign) refuse(`${foreign}: must be absent; only the server sets it`);
    if (!('client_secret' in body)) return;
    const held = await liveSecrets(this.source.manager, app.client_id);
    const sent = typeof body.client_secret === 'string' ? sha256(body.client_secret) : '';
    if (!held.some(({ sha256: known }) => known === sent))
      refuse('client_secret: must be a valid secret of the app, or absent');
  }

  /** A secret for an app that has changed from `private_key_jwt` to `client_secret_basic` and has none. */
  private async firstSecret({ app, actor }: ManagedApp): Promise<string | undefined> {
    if (app.token_endpoint_auth_method !== 'client_secret_basic') return undefined;
    if ((await liveSecrets(this.source.manager, app.client_id)).length > 0) return undefined;
    return (await this.secrets.replace(actor, app.client_id, 0)).client_secret;
  }

  private answer({ app }: ManagedApp, token: string, secret?: string) {
    // Every app that a program registers has a plan from the start.
    return clientInformation(app, app.plan!, { portalUrl: this.config.REGISTRATION_URL, token, secret });
  }
}
