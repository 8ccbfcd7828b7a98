import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom, randomToken } from '@payer/service';
import { endpoints, planRules } from '@payer/smart';
import type { Config } from '../config.js';
import { PlatformHttp } from '../http/platform-http.js';
import { PortalAccess } from '../apps/portal-access.js';
import { portalRedirectUri } from '../apps/portal-redirect-uri.js';
import type { Run, Step } from './run.js';

/** Characters of a response body that a run keeps. */
const maxKeptBody = 60_000;

interface TokenAnswer {
  access_token?: string;
  refresh_token?: string;
  id_token?: string;
  patient?: string;
}

/** Makes the requests of an app's flow in the sandbox. Each request adds a step to the run. */
@Injectable()
export class Flow {
  constructor(
    private readonly http: PlatformHttp,
    private readonly access: PortalAccess,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  private get addresses() {
    return addressesFrom(this.config).sandbox;
  }

  /** @returns the values to keep until the member comes back (RFC 6749 §10.12, RFC 7636) */
  newState() {
    return { state: randomToken(), verifier: randomToken(48) };
  }

  /** The authorization request (RFC 6749 §4.1.1) with PKCE (RFC 7636). */
  authorizationUrl(run: Run): string {
    const { authorization_endpoint } = endpoints(this.addresses);
    const request = new URLSearchParams({
      response_type: 'code',
      client_id: run.client_id,
      redirect_uri: portalRedirectUri(this.config.REGISTRATION_URL),
      scope: planRules[run.plan].scopes.join(' '),
      aud: this.addresses.fhirBaseUrl,
      // The run shows the consent page, even to a test member whose yes still stands.
      prompt: 'consent',
      state: `${run.id}.${run.state}`,
      code_challenge: createHash('sha256').update(run.verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    return `${authorization_endpoint}?${request}`;
  }

  /** Records the answer that the member's browser brought back. */
  cameBack(run: Run, answer: { code?: string; error?: string; error_description?: string }): void {
    run.code = answer.code;
    run.steps.push({
      title: answer.code ? 'The member said yes' : 'The member came back with an error',
      explanation: answer.code
        ? 'The browser came back to the redirect URI with a code and with the state of the request. The app compares the state, then exchanges the code.'
        : (answer.error_description ?? 'The authorization endpoint refused the request.'),
      request: { method: 'GET', url: this.authorizationUrl(run), headers: {} },
      error: answer.error,
      isOk: answer.code !== undefined,
    });
  }

  /** Exchanges the code (RFC 6749 §4.1.3). A second exchange shows the effect of a replay. */
  exchange(run: Run): Promise<Step> {
    return this.token(run, 'The code became tokens', explanations.exchange, {
      grant_type: 'authorization_code',
      code: run.code ?? '',
      redirect_uri: portalRedirectUri(this.config.REGISTRATION_URL),
      code_verifier: run.verifier,
    });
  }

  /** Requests a token for the app itself (RFC 6749 §4.4). */
  clientCredentials(run: Run): Promise<Step> {
    return this.token(run, 'The app got a token', explanations.clientCredentials, {
      grant_type: 'client_credentials',
      scope: planRules[run.plan].scopes.join(' '),
    });
  }

  /** Uses the refresh token (RFC 6749 §6). */
  refresh(run: Run): Promise<Step> {
    return this.token(run, 'The refresh token gave new tokens', explanations.refresh, {
      grant_type: 'refresh_token',
      refresh_token: run.refresh_token ?? '',
    });
  }

  /** Sends a wrong secret, to show the error. */
  wrongSecret(run: Run): Promise<Step> {
    const parameters = { grant_type: 'client_credentials', scope: 'system/*.rs' };
    return this.token(
      run,
      'A token request with a wrong secret',
      explanations.wrongSecret,
      parameters,
      'wrong',
    );
  }

  /** Revokes the tokens of the grant (RFC 7009). */
  async revoke(run: Run): Promise<Step> {
    const token = run.refresh_token ?? run.access_token ?? '';
    const url = endpoints(this.addresses).revocation_endpoint;
    return this.form(run, 'The app gave its token back', explanations.revoke, url, { token });
  }

  /**
   * Reads from the FHIR API.
   * @param path relative to the FHIR base, such as `Patient/1` or `Coverage?_count=5`
   */
  async fhir(run: Run, path: string): Promise<Step> {
    const url = `${this.addresses.fhirBaseUrl}/${path}`;
    const headers = { accept: 'application/fhir+json', authorization: `Bearer ${run.access_token ?? ''}` };
    const answer = await this.http.send({ method: 'GET', url, headers });
    return {
      title: `GET ${path}`,
      explanation: 'The access token goes into the Authorization header.',
      request: { method: 'GET', url, headers },
      answer,
      isOk: answer.status < 400,
    };
  }

  private async token(
    run: Run,
    title: string,
    explanation: string,
    parameters: Record<string, string>,
    secret?: string,
  ): Promise<Step> {
    const url = endpoints(this.addresses).token_endpoint;
    const step = await this.form(run, title, explanation, url, parameters, secret);
    const { access_token, refresh_token, id_token, patient } = step.isOk
      ? (JSON.parse(step.answer?.body ?? '{}') as TokenAnswer)
      : {};
    if (access_token)
      Object.assign(run, {
        access_token,
        refresh_token,
        id_token: id_token ?? run.id_token,
        patient: patient ?? run.patient,
      });
    return step;
  }

  private async form(
    run: Run,
    title: string,
    explanation: string,
    url: string,
    parameters: Record<string, string>,
    secret = this.access.secretOf(run.client_id),
  ): Promise<Step> {
    const body = new URLSearchParams(parameters).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const basic = Buffer.from(`${run.client_id}:${secret}`).toString('base64');
    const answer = await this.http.send({
      method: 'POST',
      url,
      headers: { ...type, authorization: `Basic ${basic}` },
      body,
    });
    const step: Step = {
      title,
      explanation,
      // The developer must not see the portal's own secret. An app sends its own.
      request: {
        method: 'POST',
        url,
        headers: { ...type, authorization: 'Basic base64(client_id:client_secret)' },
        body,
      },
      answer: { ...answer, body: answer.body.slice(0, maxKeptBody) },
      error: errorOf(answer.body),
      isOk: answer.status < 400,
    };
    run.steps.push(step);
    return step;
  }
}

function errorOf(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

const explanations = {
  exchange:
    'The app’s server sends the code with its client_id and client_secret. The answer has the tokens, and in patient the id of the member’s Patient resource.',
  clientCredentials:
    'The app’s server asks with its own credentials. No member takes part, so the token has no patient.',
  refresh:
    'Each use gives a new refresh token and ends the old one. Keep the new one: a second use of the old one ends the grant.',
  wrongSecret: 'The token endpoint answers 401 and names the error. Nothing else changes.',
  revoke: 'Revoking a refresh token ends the grant with all of its tokens. The answer has no body.',
};
