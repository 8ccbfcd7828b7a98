import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, sha256 } from '@payer/service';
import { endpointPaths, type AppState, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { timingSafeEqual } from 'node:crypto';
import { DataSource } from 'typeorm';
import { Apps, secretMatches } from '../clients/apps.js';
import type { Config } from '../config.js';
import { refuseClient, type OAuthError, type Unauthenticated } from '../http/refuse-client.js';
import { authorizationOf } from './authorization-header.js';
import { basicCredentials } from './basic-credentials.js';
import { AssertionRefused, ClientAssertions } from './client-assertions.js';
import { useAssertionOnce } from './used-assertions.js';

/** The authenticated client of introspection or revocation. */
export type Client = { app: AppState } | { resourceServer: true };

/** RFC 6749 §2.3: a request uses one authentication method. */
export const oneAuthentication =
  'send one authentication: HTTP Basic (client_secret_basic) or client_assertion (private_key_jwt), and no client_secret in the form';

const missing: Unauthenticated = {
  error: 'invalid_client',
  description:
    'send client_id and client_secret with HTTP Basic authentication (client_secret_basic), or client_assertion (private_key_jwt)',
};

/** RFC 7662 §2.3. A resource server sends a bearer token; no other endpoint takes one as authentication. */
const unknownBearer: Unauthenticated = {
  error: 'invalid_token',
  description: 'the bearer token is not the one of the resource server',
};

/** The endpoints that this service answers itself, beside the engine. */
const ownEndpoints = {
  introspect: { path: endpointPaths.introspection },
  revoke: {
    path: endpointPaths.revocation,
    onlyApps: 'an app revokes its tokens: authenticate as the app that received the token',
  },
  par: {
    path: endpointPaths.pushedAuthorizationRequest,
    onlyApps: 'an app pushes its requests: authenticate as the app',
  },
} as const;
type OwnEndpoint = keyof typeof ownEndpoints;

/** Client authentication at the endpoints that this service answers itself, beside the engine. */
@Injectable()
export class ClientAuthentication {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly source: DataSource,
    private readonly apps: Apps,
    private readonly assertions: ClientAssertions,
  ) {}

  /**
   * Authenticates the client of an endpoint, or answers the request with the refusal (RFC 6749 §5.2). The
   * answer is never cached.
   * @returns undefined when the request was refused: `refusal` is then the body of the answer
   */
  async authenticateAt(
    endpoint: OwnEndpoint,
    environment: Environment,
    request: Pick<FastifyRequest, 'headers' | 'body'>,
    reply: FastifyReply,
  ): Promise<{ client: Client; refusal?: undefined } | { client?: undefined; refusal: OAuthError }> {
    void reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
    const { path } = ownEndpoints[endpoint];
    const result = await this.authenticate(environment, path, request.headers.authorization, request.body);
    if ('client' in result) return result;
    return { refusal: refuseClient(reply, this.config, environment, endpoint, result.refusal) };
  }

  /** Same as {@link authenticateAt}, for an endpoint that serves apps and no resource server. */
  async authenticateApp(
    endpoint: 'revoke' | 'par',
    environment: Environment,
    request: Pick<FastifyRequest, 'headers' | 'body'>,
    reply: FastifyReply,
  ): Promise<{ app: AppState; refusal?: undefined } | { app?: undefined; refusal: OAuthError }> {
    const { client, refusal } = await this.authenticateAt(endpoint, environment, request, reply);
    if (refusal) return { refusal };
    if ('app' in client) return client;
    const description = ownEndpoints[endpoint].onlyApps;
    return {
      refusal: refuseClient(reply, this.config, environment, endpoint, {
        error: 'invalid_client',
        description,
      }),
    };
  }

  /**
   * Authenticates by the `Authorization` header or by a client assertion in the form.
   * @param path of the endpoint, below the issuer
   */
  private async authenticate(
    environment: Environment,
    path: string,
    authorization: string | undefined,
    body: unknown,
  ): Promise<{ client: Client } | { refusal: Unauthenticated }> {
    const form = (body ?? {}) as Record<string, unknown>;
    const { client_assertion: assertion } = form;
    if (form.client_secret || (assertion && authorization))
      return { refusal: { error: 'invalid_request', description: oneAuthentication } };
    if (typeof assertion === 'string') return this.byAssertion(environment, path, assertion, form);
    const client = await this.byHeader(environment, authorization);
    return client ? { client } : { refusal: await this.whyNot(environment, path, authorization) };
  }

  private async byAssertion(
    environment: Environment,
    path: string,
    client_assertion: string,
    form: Record<string, unknown>,
  ): Promise<{ client: Client } | { refusal: Unauthenticated }> {
    const refuse = (description: string) => ({ refusal: { error: 'invalid_client' as const, description } });
    try {
      const sent = { client_assertion, client_assertion_type: form.client_assertion_type };
      const { app, claims } = await this.assertions.verify(environment, path, sent);
      if (form.client_id !== undefined && form.client_id !== app.client_id)
        return refuse('client_id is not the sub of client_assertion');
      const isNew = await useAssertionOnce(this.source, environment, app.client_id, claims.jti, claims.exp);
      return isNew ? { client: { app } } : refuse(usedAssertion);
    } catch (error) {
      if (error instanceof AssertionRefused) return refuse(error.message);
      throw error;
    }
  }

  private async byHeader(
    environment: Environment,
    authorization: string | undefined,
  ): Promise<Client | undefined> {
    const { scheme, credentials: value } = authorizationOf(authorization);
    if (scheme === 'bearer') {
      const { INTROSPECTION_TOKEN } = this.config;
      const same = timingSafeEqual(Buffer.from(sha256(value)), Buffer.from(sha256(INTROSPECTION_TOKEN)));
      return same ? { resourceServer: true } : undefined;
    }
    const basic = basicCredentials(authorization);
    if (!basic) return undefined;
    const { clientId, secret } = basic;
    const app = await this.apps.findFor(environment, clientId, (known) => secretMatches(known, secret));
    return app && app.status !== 'deleted' && secretMatches(app, secret) ? { app } : undefined;
  }

  private async whyNot(
    environment: Environment,
    path: string,
    authorization: string | undefined,
  ): Promise<Unauthenticated> {
    if (path === ownEndpoints.introspect.path && authorizationOf(authorization).scheme === 'bearer')
      return unknownBearer;
    const clientId = basicCredentials(authorization)?.clientId ?? '';
    const app = await this.apps.findFor(environment, clientId, () => true);
    return app?.token_endpoint_auth_method === 'private_key_jwt'
      ? { error: 'invalid_client', description: needsAssertion }
      : missing;
  }
}

/** The text for an app that sends a secret although it is registered for `private_key_jwt`. */
export const needsAssertion =
  'the app is registered for private_key_jwt: send client_assertion and client_assertion_type instead of a client_secret';

/** The text for an assertion that was sent before. */
export const usedAssertion =
  'client_assertion is not accepted: it was used before; make a new one with a new jti for each request';
