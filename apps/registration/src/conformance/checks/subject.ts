import { endpoints, type EnvironmentAddresses } from '@payer/smart';
import type { PlatformAnswer, PlatformHttp } from '../../http/platform-http.js';
import { demand, demandStatus } from './check.js';

/** An app whose credentials the checks use. */
export interface CheckedApp {
  client_id: string;
  client_secret: string;
  redirect_uri: string;
  scope: string;
}

/** The environment that is looked at, with the apps that the checks use. Documents are read once. */
export class Subject {
  readonly endpoints: ReturnType<typeof endpoints>;
  private readonly read = new Map<string, Promise<Record<string, unknown>>>();

  constructor(
    private readonly http: PlatformHttp,
    readonly addresses: EnvironmentAddresses,
    /** Undefined in an environment without demonstration apps. */
    private readonly demonstration: { member: CheckedApp; directory: CheckedApp } | undefined,
    /** FHIR base of an environment where tokens of this one must be refused. */
    readonly otherFhirBaseUrl?: string,
  ) {
    this.endpoints = endpoints(addresses);
  }

  /** The demonstration app of members. */
  get member(): CheckedApp {
    return this.apps.member;
  }

  /** The demonstration app of the directory. */
  get directory(): CheckedApp {
    return this.apps.directory;
  }

  private get apps() {
    if (!this.demonstration) throw new Error('the environment has no demonstration apps');
    return this.demonstration;
  }

  get(url: string, headers: Record<string, string> = {}): Promise<PlatformAnswer> {
    return this.http.send({ method: 'GET', url, headers });
  }

  /** Sends a form. @param app whose credentials go into the Basic header */
  form(url: string, parameters: Record<string, string>, app?: CheckedApp): Promise<PlatformAnswer> {
    const basic = app && Buffer.from(`${app.client_id}:${app.client_secret}`).toString('base64');
    return this.http.send({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(basic ? { authorization: `Basic ${basic}` } : {}),
      },
      body: new URLSearchParams(parameters).toString(),
    });
  }

  /** @param path below the FHIR base @param token bearer token */
  fhir(path: string, token?: string, headers: Record<string, string> = {}): Promise<PlatformAnswer> {
    return this.get(`${this.addresses.fhirBaseUrl}/${path}`, {
      accept: 'application/fhir+json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    });
  }

  /** A JSON document that does not change during the checks. */
  document(url: string): Promise<Record<string, unknown>> {
    const known = this.read.get(url) ?? this.get(url, { accept: 'application/json' }).then(jsonOf);
    this.read.set(url, known);
    return known;
  }

  metadata(): Promise<Record<string, unknown>> {
    return this.document(`${this.addresses.fhirBaseUrl}/metadata`);
  }

  smartConfiguration(): Promise<Record<string, unknown>> {
    return this.document(`${this.addresses.fhirBaseUrl}/.well-known/smart-configuration`);
  }

  /** A new access token of the directory. */
  async directoryToken(): Promise<string> {
    const { scope } = this.directory;
    const answer = await this.form(
      this.endpoints.token_endpoint,
      { grant_type: 'client_credentials', scope },
      this.directory,
    );
    demandStatus(answer, 200);
    const { access_token } = jsonOf(answer);
    demand(typeof access_token === 'string', 'The token response has no access_token.');
    return access_token;
  }

  /** An authorization request of the demonstration app with some parameters replaced. @returns its answer */
  authorize(changed: Record<string, string | undefined> = {}): Promise<PlatformAnswer> {
    return this.get(`${this.endpoints.authorization_endpoint}?${this.authorizationParameters(changed)}`);
  }

  authorizationParameters(changed: Record<string, string | undefined> = {}): URLSearchParams {
    const { client_id, redirect_uri, scope } = this.member;
    const parameters: Record<string, string | undefined> = {
      response_type: 'code',
      client_id,
      redirect_uri,
      scope,
      aud: this.addresses.fhirBaseUrl,
      state: 'conformance',
      // The challenge of the example in RFC 7636, Appendix B.
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...changed,
    };
    return new URLSearchParams(
      Object.entries(parameters).filter((one): one is [string, string] => one[1] !== undefined),
    );
  }
}

/** The JSON object of an answer. @throws Fault */
export function jsonOf({ status, body }: Pick<PlatformAnswer, 'status' | 'body'>): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // The sentence below is about every text that is no object.
  }
  demand(false, `The answer with status ${status} is no JSON object.`);
  return {};
}
