import type { IncomingMessage } from 'node:http';
import { waitingError, type AppState, type Environment, type EnvironmentAddresses } from '@payer/smart';
import { whyGrantTypeNotAllowed } from '../clients/app-rules.js';
import { secretMatches } from '../clients/apps.js';
import { countRefusal, countTokens } from '../metrics/oauth-metrics.js';
import type { ProviderParts } from './provider-parts.js';
import { refusalText } from './refusal-texts.js';
import { staleRetryAfter } from './token-answers.js';
import { successors } from './refresh-token-rotation.js';
import { plainClientCredentials } from './plain-client-credentials.js';
import { plainForm, type PlainForm } from './plain-form.js';
import { PlainRefresh, type TokenUsed } from './plain-refresh.js';
import { TokenSigner } from './token-signer.js';

/** The headers of the engine's answers to requests without `Origin`. */
const answerHeaders = {
  'cache-control': 'no-store',
  pragma: 'no-cache',
  vary: 'Origin',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate',
  'content-type': 'application/json; charset=utf-8',
};

/** An answer with tokens, or with 503 after a refresh that was stored and may not leave. */
export interface PlainAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The tokens of a request, with the headers about the app's limits. */
interface Issued {
  app: AppState;
  tokens: object;
  headers: Record<string, string>;
}

/** The engine's answer when the facts became too old during the request. */
const unavailableError = {
  error: 'temporarily_unavailable',
  error_description: refusalText('temporarily_unavailable'),
};

/**
 * Answers token requests that need no exception, without the engine (decision 98). Each request that it does
 * not answer goes to the engine as it came, with nothing of it used up. Only a refresh that was stored and
 * may not leave any more is refused here, with 503.
 */
export class PlainTokenRequests {
  private readonly environment: Environment;
  private readonly signer: TokenSigner;
  private readonly refresh: PlainRefresh;

  constructor(
    private readonly addresses: EnvironmentAddresses,
    private readonly parts: ProviderParts,
  ) {
    const { config, source, freshness, representations, keys } = parts;
    this.environment = addresses.environment;
    this.signer = new TokenSigner(keys, addresses.environment);
    this.refresh = new PlainRefresh(addresses, {
      source,
      freshness,
      representations,
      signer: this.signer,
      successorOf: successors(config.KEY_ENCRYPTION_KEY),
      algorithm: config.ACCESS_TOKEN_ALGORITHM,
    });
  }

  /** @returns undefined when the engine must take the request */
  async answer(request: IncomingMessage, body: Buffer): Promise<PlainAnswer | undefined> {
    const startedAt = performance.now();
    const form = plainForm(request.headers.authorization, body);
    if (!form || !this.parts.freshness.isFreshNow) return undefined;
    const use: TokenUsed = { isTried: false };
    let issued: Issued | undefined;
    // The engine repeats what fails here, and answers with its failure.
    const isDecided = await this.parts.freshness
      .decide(async () => (issued = await this.issue(form, request, use)))
      .catch(() => false);
    // To the engine, a refresh token that is used up already would be a reuse, which ends the grant.
    if (!isDecided || !issued) return use.isTried ? this.unavailable(form, startedAt) : undefined;
    const { app, tokens, headers } = issued;
    countTokens(this.environment, app.plan, form.grantType);
    this.record(form, startedAt, 200);
    return { status: 200, headers: { ...answerHeaders, ...headers }, body: JSON.stringify(tokens) };
  }

  /**
   * Finds the app when the facts are fresh, and not before. After a restore of the database, the row of an
   * app that was suspended later says that it is active, until the facts of registration are read again.
   */
  private async issue(
    form: PlainForm,
    request: IncomingMessage,
    use: TokenUsed,
  ): Promise<Issued | undefined> {
    const app = await this.parts.apps.findIn(this.environment, form.clientId);
    if (!app || !this.isUsual(app, form)) return undefined;
    const { isAllowed, headers } = this.parts.limits.takeApp(this.environment, app.client_id, request);
    const tokens = isAllowed ? await this.tokens(app, form, request, use) : undefined;
    return tokens && { app, tokens, headers };
  }

  private isUsual(app: AppState, { secret, grantType }: PlainForm): boolean {
    return (
      secretMatches(app, secret) &&
      whyGrantTypeNotAllowed(app, this.environment, grantType) === undefined &&
      !app.dpop_bound_access_tokens &&
      waitingError(app.levers, this.environment, 'token') === undefined
    );
  }

  private tokens(app: AppState, { grantType, value }: PlainForm, request: object, use: TokenUsed) {
    if (grantType === 'client_credentials')
      return plainClientCredentials(
        this.addresses,
        this.signer,
        this.parts.config.ACCESS_TOKEN_ALGORITHM,
        app,
        value,
      );
    return this.refresh.tokens(
      app,
      value,
      (sub) => this.parts.limits.takeMember(this.environment, sub, request).isAllowed,
      use,
    );
  }

  private unavailable(form: PlainForm, startedAt: number): PlainAnswer {
    countRefusal(this.environment, 'token', unavailableError.error);
    this.record(form, startedAt, 503);
    return {
      status: 503,
      headers: { ...answerHeaders, 'retry-after': String(staleRetryAfter) },
      body: JSON.stringify(unavailableError),
    };
  }

  private record({ clientId, grantType }: PlainForm, startedAt: number, status: number): void {
    this.parts.requests.add(this.environment, clientId, () => ({
      at: new Date().toISOString(),
      kind: 'token',
      method: 'POST',
      path: `/token (${grantType})`,
      status,
      duration_ms: Math.round(performance.now() - startedAt),
      request_id: null,
      error: status === 200 ? null : unavailableError.error,
      detail: null,
      lever: null,
    }));
  }
}
