import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, addressesFrom, randomToken } from '@payer/service';
import { endpoints, planRules, trialEnvironment } from '@payer/smart';
import { calculateJwkThumbprint } from 'jose';
import type { App } from '../apps/app.entity.js';
import type { Config } from '../config.js';
import { PlatformHttp } from '../http/platform-http.js';
import { PortalAccess } from '../apps/portal-access.js';
import { portalRedirectUri } from '../apps/portal-redirect-uri.js';
import { proofOf, newProofKey } from './proof-key.js';
import type { Run, Step } from './run.js';

/** The answer of the authorization endpoint at the redirect URI (RFC 6749 §4.1.2). */
export interface Callback {
  code?: string;
  iss?: string;
  error?: string;
  error_description?: string;
  error_uri?: string;
}

/** Characters of a response body that a run keeps. */
const maxKeptBody = 60_000;

interface TokenAnswer {
  access_token?: string;
  refresh_token?: string;
  id_token?: string;
  patient?: string;
  expires_in?: number;
}

/**
 * Makes the requests of an app's flow in the sandbox, in the form that the app's switches demand. Each
 * request adds a step to the run.
 */
@Injectable()
export class Flow {
  constructor(
    private readonly http: PlatformHttp,
    private readonly access: PortalAccess,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  private get addresses() {
    return addressesFrom(this.config)[trialEnvironment];
  }

  /** @returns the values to keep until the member comes back (RFC 6749 §10.12, RFC 7636, RFC 9449) */
  async newState(app: Pick<App, 'require_pushed_authorization_requests' | 'dpop_bound_access_tokens'>) {
    return {
      state: randomToken(),
      verifier: randomToken(48),
      is_pushed: app.require_pushed_authorization_requests,
      proof_key: app.dpop_bound_access_tokens ? await newProofKey() : undefined,
    };
  }

  /** Pushes the parameters of the authorization request (RFC 9126). A proof binds the code to its key. */
  async push(run: Run): Promise<Step> {
    const url = endpoints(this.addresses).pushed_authorization_request_endpoint;
    const step = await this.form(run, {
      title: 'The app pushed its authorization request',
      explanation: explanations.push,
      url,
      parameters: await this.authorizationParameters(run),
      isProven: true,
    });
    if (step.isOk)
      run.request_uri = (JSON.parse(step.answer?.body ?? '{}') as { request_uri?: string }).request_uri;
    return step;
  }

  /** The URL for the member's browser. After a pushed request it has its `request_uri` (RFC 9126 §4). */
  async authorizationUrl(run: Run): Promise<string> {
    const { authorization_endpoint } = endpoints(this.addresses);
    const { client_id, request_uri } = run;
    const parameters = request_uri ? { client_id, request_uri } : await this.authorizationParameters(run);
    return `${authorization_endpoint}?${new URLSearchParams(parameters)}`;
  }

  /** The authorization request (RFC 6749 §4.1.1) with PKCE (RFC 7636). */
  private async authorizationParameters(run: Run): Promise<Record<string, string>> {
    return {
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
      // RFC 9449 §10: the code is good only with this key.
      ...(run.proof_key ? { dpop_jkt: await calculateJwkThumbprint(run.proof_key) } : {}),
    };
  }

  /** Records the request of the member's browser, and the answer that it brought back. */
  async cameBack(run: Run, answer: Callback): Promise<void> {
    const { code, error, error_description } = answer;
    run.code = code;
    run.steps.push({
      title: 'The app sent the member to the authorization endpoint',
      explanation: run.request_uri ? explanations.authorizePushed : explanations.authorize,
      request: { method: 'GET', url: await this.authorizationUrl(run), headers: {} },
      isOk: true,
    });
    const back = new URL(portalRedirectUri(this.config.REGISTRATION_URL));
    for (const [name, value] of Object.entries({ ...answer, state: `${run.id}.${run.state}` }))
      if (value !== undefined) back.searchParams.set(name, value);
    run.steps.push({
      title: code ? 'The member said yes' : 'The member came back with an error',
      explanation: code
        ? explanations.code
        : (error_description ?? 'The authorization endpoint refused the request.'),
      request: { method: 'GET', url: back.href, headers: {} },
      error,
      isOk: code !== undefined,
    });
  }

  /** Exchanges the code (RFC 6749 §4.1.3). A second exchange shows the effect of a replay. */
  exchange(run: Run): Promise<Step> {
    return this.token(run, {
      title: 'The code became tokens',
      explanation: explanations.exchange,
      parameters: {
        grant_type: 'authorization_code',
        code: run.code ?? '',
        redirect_uri: portalRedirectUri(this.config.REGISTRATION_URL),
        code_verifier: run.verifier,
      },
    });
  }

  /** Requests a token for the app itself (RFC 6749 §4.4). */
  clientCredentials(run: Run): Promise<Step> {
    return this.token(run, {
      title: 'The app got a token',
      explanation: explanations.clientCredentials,
      parameters: { grant_type: 'client_credentials', scope: planRules[run.plan].scopes.join(' ') },
    });
  }

  /** Uses the refresh token (RFC 6749 §6). */
  refresh(run: Run): Promise<Step> {
    return this.token(run, {
      title: 'The refresh token gave new tokens',
      explanation: explanations.refresh,
      parameters: { grant_type: 'refresh_token', refresh_token: run.refresh_token ?? '' },
    });
  }

  /** Sends a wrong secret, to show the error. */
  wrongSecret(run: Run): Promise<Step> {
    return this.token(run, {
      title: 'A token request with a wrong secret',
      explanation: explanations.wrongSecret,
      parameters: { grant_type: 'client_credentials', scope: 'system/*.rs' },
      secret: 'wrong',
    });
  }

  /** Sends a redirect URI that is not registered, to show the error. */
  async wrongRedirectUri(run: Run): Promise<Step> {
    const parameters = await this.authorizationParameters(run);
    parameters.redirect_uri += '/';
    const { authorization_endpoint, pushed_authorization_request_endpoint } = endpoints(this.addresses);
    const title = 'An authorization request with a wrong redirect URI';
    if (run.is_pushed)
      return this.form(run, {
        title,
        explanation: explanations.wrongPushedRedirectUri,
        url: pushed_authorization_request_endpoint,
        parameters,
        isProven: true,
      });
    const url = `${authorization_endpoint}?${new URLSearchParams(parameters)}`;
    const answer = await this.http.send({ method: 'GET', url });
    const step: Step = {
      title,
      explanation: explanations.wrongRedirectUri,
      request: { method: 'GET', url, headers: {} },
      answer: { ...answer, body: '(a page that tells the member)' },
      error: answer.status === 400 ? 'invalid_redirect_uri' : undefined,
      isOk: answer.status < 400,
    };
    run.steps.push(step);
    return step;
  }

  /** Ends the access token alone (RFC 7009). */
  async endToken(run: Run): Promise<Step> {
    return this.form(run, {
      title: 'The access token ended',
      explanation: explanations.endToken,
      url: endpoints(this.addresses).revocation_endpoint,
      parameters: { token: run.access_token ?? '' },
      isProven: false,
    });
  }

  /** Revokes the tokens of the grant (RFC 7009). */
  async revoke(run: Run): Promise<Step> {
    return this.form(run, {
      title: 'The app gave its token back',
      explanation: explanations.revoke,
      url: endpoints(this.addresses).revocation_endpoint,
      parameters: { token: run.refresh_token ?? run.access_token ?? '' },
      isProven: false,
    });
  }

  /**
   * Reads from the FHIR API.
   * @param path relative to the FHIR base, such as `Patient/1` or `Coverage?_count=5`
   */
  async fhir(run: Run, path: string): Promise<Step> {
    const url = `${this.addresses.fhirBaseUrl}/${path}`;
    const { access_token: accessToken = '', proof_key } = run;
    const headers = {
      accept: 'application/fhir+json',
      authorization: `${proof_key ? 'DPoP' : 'Bearer'} ${accessToken}`,
      ...(proof_key ? { dpop: await proofOf(proof_key, { method: 'GET', url, accessToken }) } : {}),
    };
    const answer = await this.http.send({ method: 'GET', url, headers });
    return {
      title: `GET ${path}`,
      explanation: proof_key ? explanations.provenRead : explanations.read,
      request: { method: 'GET', url, headers },
      answer,
      isOk: answer.status < 400,
    };
  }

  private async token(run: Run, request: Omit<FormRequest, 'url' | 'isProven'>): Promise<Step> {
    const url = endpoints(this.addresses).token_endpoint;
    const step = await this.form(run, { ...request, url, isProven: true });
    const { access_token, refresh_token, id_token, patient, expires_in } = step.isOk
      ? (JSON.parse(step.answer?.body ?? '{}') as TokenAnswer)
      : {};
    if (access_token)
      Object.assign(run, {
        access_token,
        expires_at: expires_in === undefined ? undefined : Date.now() + expires_in * 1000,
        refresh_token,
        id_token: id_token ?? run.id_token,
        patient: patient ?? run.patient,
      });
    return step;
  }

  private async form(run: Run, sent: FormRequest): Promise<Step> {
    const { title, url, parameters, secret = this.access.secretOf(run.client_id) } = sent;
    const body = new URLSearchParams(parameters).toString();
    const key = sent.isProven ? run.proof_key : undefined;
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      ...(key ? { dpop: await proofOf(key, { method: 'POST', url }) } : {}),
    };
    const basic = Buffer.from(`${run.client_id}:${secret}`).toString('base64');
    const answer = await this.http.send({
      method: 'POST',
      url,
      headers: { ...headers, authorization: `Basic ${basic}` },
      body,
    });
    const step: Step = {
      title,
      explanation: key ? `${sent.explanation} ${explanations.proof}` : sent.explanation,
      // The developer must not see the portal's own secret. An app sends its own.
      request: {
        method: 'POST',
        url,
        headers: { ...headers, authorization: 'Basic base64(client_id:client_secret)' },
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

/** A request of the app's server to an endpoint of the authorization server. */
interface FormRequest {
  title: string;
  explanation: string;
  url: string;
  parameters: Record<string, string>;
  /** The portal's own secret by default. */
  secret?: string;
  /** Whether the endpoint takes a DPoP proof. */
  isProven: boolean;
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
  push: 'The app requires pushed authorization requests (RFC 9126). Its server sends the parameters with its client_id and client_secret, so no browser can read or change them. The answer has a request_uri, which the browser carries instead. It works once, within 60 seconds.',
  authorize:
    'The app sends the member’s browser there. scope names the data, aud the FHIR API, state comes back unchanged, and code_challenge (PKCE) binds the code to the app that asked.',
  authorizePushed:
    'The browser carries the client_id and the request_uri of the pushed request, and nothing else.',
  code: 'The browser came back to the redirect URI with a code and with the state of the request. The app compares the state, then exchanges the code. A code works once, within 60 seconds.',
  exchange:
    'The app’s server sends the code with its client_id and client_secret. The answer has the tokens, and in patient the id of the member’s Patient resource.',
  clientCredentials:
    'The app’s server asks with its own credentials. No member takes part, so the token has no patient.',
  refresh:
    'Each use gives a new refresh token and ends the old one. Keep the new one: a second use of the old one ends the grant.',
  wrongSecret: 'The token endpoint answers 401 and names the error. Nothing else changes.',
  wrongRedirectUri:
    'A slash too many: a redirect URI must match a registered one character for character. The member sees an error page and is not sent to the address. The app’s Activity shows both addresses.',
  wrongPushedRedirectUri:
    'A slash too many: a redirect URI must match a registered one character for character.',
  endToken:
    'Revoking an access token ends this token alone. The FHIR API answers 401 from now on, as it does after the token’s time. The refresh token still gives a new one.',
  revoke: 'Revoking a refresh token ends the grant with all of its tokens. The answer has no body.',
  proof:
    'The app’s tokens are bound to a key (RFC 9449), so the DPoP header has a proof: a JWT with the public key that names this method and URL. For this run the portal made a key. Your app uses a key of its own, and a new proof for each request.',
  read: 'The access token goes into the Authorization header.',
  provenRead:
    'The token is bound to a key (RFC 9449), so the scheme of the Authorization header is DPoP. The proof beside it names this method and URL, and in ath the hash of the token.',
};
