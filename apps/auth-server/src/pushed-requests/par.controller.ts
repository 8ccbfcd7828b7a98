import { Body, Controller, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CONFIG, DpopProofRefused, verifyDpopProof } from '@payer/service';
import { endpointPaths, endpoints, environmentPath, type AppState, type Environment } from '@payer/smart';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { checkAuthorizationRequest } from '../authorization/authorization-checks.js';
import { FailedAuthorizations } from '../authorization/failed-authorizations.js';
import { checkIdTokenHint } from '../authorization/checks/check-id-token-hint.js';
import { ClientAuthentication } from '../client-authentication/client-authentication.js';
import { useAssertionOnce } from '../client-authentication/used-assertions.js';
import type { Config } from '../config.js';
import { Keys } from '../keys/keys.js';
import { countRefusal } from '../metrics/oauth-metrics.js';
import { pushedRequestLifetime, PushedRequests } from './pushed-requests.js';

/** Parameters that authenticate the app. They are no part of the authorization request. */
const authentication = new Set(['client_secret', 'client_assertion', 'client_assertion_type']);

interface Refusal {
  error: string;
  description: string;
}

/**
 * Pushed authorization requests (RFC 9126). The app sends the parameters itself, authenticated, so no browser
 * can change or read them. They pass the same checks as the parameters of a browser.
 */
@Controller(`${environmentPath}${endpointPaths.pushedAuthorizationRequest}`)
export class ParController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clients: ClientAuthentication,
    private readonly pushed: PushedRequests,
    private readonly failures: FailedAuthorizations,
    private readonly source: DataSource,
    private readonly keys: Keys,
  ) {}

  @Post()
  async push(
    @Param('environment') environment: Environment,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { app, refusal } = await this.clients.authenticateApp('par', environment, request, reply);
    if (refusal) return refusal;
    const read = parametersOf(body, request);
    const problem = 'error' in read ? read : await this.problemOf(environment, app, read.parameters);
    if (problem) return this.refuse(reply, environment, app, problem);
    const { parameters } = read as { parameters: URLSearchParams };
    parameters.set('client_id', app.client_id);
    const { dpop } = request.headers;
    if (dpop !== undefined) {
      const unproven = await this.bindToKey(environment, app, parameters, String(dpop));
      if (unproven) return this.refuse(reply, environment, app, unproven);
    }
    void reply.code(201);
    return {
      request_uri: await this.pushed.add(environment, app.client_id, parameters),
      expires_in: pushedRequestLifetime,
    };
  }

  /** RFC 9449 §10.1: a proof at this endpoint binds the code to its key, as the parameter dpop_jkt does. */
  private async bindToKey(
    environment: Environment,
    app: AppState,
    parameters: URLSearchParams,
    sent: string,
  ): Promise<Refusal | undefined> {
    const url = endpoints(this.config.addresses[environment]).pushed_authorization_request_endpoint;
    const refuse = (description: string): Refusal => ({ error: 'invalid_dpop_proof', description });
    try {
      const proof = await verifyDpopProof(sent, { method: 'POST', url });
      const named = parameters.get('dpop_jkt') ?? proof.thumbprint;
      if (named !== proof.thumbprint) return refuse('dpop_jkt is not the thumbprint of the key of the proof');
      if (!(await useAssertionOnce(this.source, environment, app.client_id, proof.jti, proof.expiresAt)))
        return refuse('the DPoP proof was used before; make a new one for each request');
      parameters.set('dpop_jkt', proof.thumbprint);
      return undefined;
    } catch (error) {
      if (error instanceof DpopProofRefused) return refuse(error.message);
      throw error;
    }
  }

  private async problemOf(
    environment: Environment,
    app: AppState,
    parameters: URLSearchParams,
  ): Promise<Refusal | undefined> {
    const named = parameters.get('client_id');
    if (named !== null && named !== app.client_id)
      return { error: 'invalid_request', description: 'client_id is not the authenticated app' };
    const unfit = ['request_uri', 'request'].find((name) => parameters.has(name));
    if (unfit) return { error: 'invalid_request', description: `${unfit} must not be in a pushed request` };
    if (!app.redirect_uris.includes(parameters.get('redirect_uri') ?? ''))
      return {
        error: 'invalid_request',
        description:
          'redirect_uri is not one of those registered for this app; it must match one of them character for character',
      };
    const addresses = this.config.addresses[environment];
    const request = { app, addresses, parameters, isPushed: true };
    return checkAuthorizationRequest(request) ?? checkIdTokenHint(request, this.keys);
  }

  private async refuse(
    reply: FastifyReply,
    environment: Environment,
    app: AppState,
    { error, description }: Refusal,
  ) {
    countRefusal(environment, 'par', error);
    await this.failures.record({ environment, clientId: app.client_id, error, detail: description });
    void reply.code(400);
    return { error, error_description: description };
  }
}

/**
 * The parameters without empty ones, which count as absent, and without those of the authentication. Only
 * `resource` may come more than once (RFC 6749 §3.1, RFC 8707 §2).
 */
function parametersOf(body: unknown, request: FastifyRequest): { parameters: URLSearchParams } | Refusal {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type))
    return {
      error: 'invalid_request',
      description: 'send the parameters as application/x-www-form-urlencoded',
    };
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries((body ?? {}) as Record<string, unknown>)) {
    if (authentication.has(name)) continue;
    const values = [value].flat().filter((each) => each !== '');
    if (!values.every((each) => typeof each === 'string') || (Array.isArray(value) && name !== 'resource'))
      return { error: 'invalid_request', description: 'a parameter was sent more than once' };
    if (values.some((each) => each.includes('\0')))
      return { error: 'invalid_request', description: 'the request holds a NUL character' };
    for (const each of values) parameters.append(name, each);
  }
  return { parameters };
}
