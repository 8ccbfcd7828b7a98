import type { FastifyRequest } from 'fastify';
import type { Access } from '@payer/fhir-store';
import type { Addresses, Environment } from '@payer/smart';
import { tooManyFromAddress, type AddressLimit } from '../fairness/address-limit.js';
import type { Caller } from '../fairness/caller.js';
import type { Fairness } from '../fairness/fairness.js';
import type { Gateway } from '../gateway/gateway.js';
import { directoryTypes, type OpenDirectory } from '../gateway/open-directory.js';
import type { TokenAccess } from '../gateway/plan-access.js';
import { insufficientScope, invalidToken } from '../gateway/refusal.js';
import type { VerifiedToken } from '../gateway/verified-token.js';
import type { NextErrors } from '../levers/next-errors.js';
import type { DataInteraction, Interaction, PublishedInteraction } from './interaction.js';

export interface AdmissionOptions {
  gateway: Gateway;
  fairness: Fairness;
  openDirectory: OpenDirectory;
  /** Limits requests without a token. */
  addressLimit: AddressLimit;
  /** The errors that developers have asked for in the sandbox. */
  nextErrors: NextErrors;
  /** Public addresses: a DPoP proof names the public URL of its request. */
  addresses: Addresses;
}

/** The party that a request is served to, as far as it is known yet. */
export interface Client {
  /** The verified token, if the request carried one. */
  token?: VerifiedToken | undefined;
  /** The name that shares are charged to. */
  caller?: Caller;
  /** Header fields with the limits of an anonymous caller. */
  limits?: Record<string, string>;
  /** Whether the request is an entry of a batch, whose token is verified already. */
  isEntry?: boolean;
}

const [anyDirectoryType] = directoryTypes;

/** The type that a token must be able to read; undefined for an interaction that needs no token. */
export function typeToAdmit(interaction: Interaction): string | undefined {
  if (interaction.kind === 'batch') return interaction.reads;
  if (interaction.kind === 'published') return interaction.content ?? anyDirectoryType;
  return 'type' in interaction ? interaction.type : undefined;
}

/** Finds the access of a request: by its token, or without one where the directory is open. */
export class Admission {
  constructor(private readonly options: AdmissionOptions) {}

  /**
   * Finds the access of a request, and notes its client on the way. Without an `Authorization` header only an
   * open directory gives access.
   * @throws Refusal 401, 403 or 503 by the token; 429 when the client's address has used up its quota; the
   * error that a developer of the app has asked for
   */
  async admit(
    client: Client,
    environment: Environment,
    interaction: DataInteraction | PublishedInteraction,
    request: FastifyRequest,
  ): Promise<Access | TokenAccess> {
    const { openDirectory, gateway, nextErrors } = this.options;
    const type = typeToAdmit(interaction)!;
    const { authorization } = request.headers;
    const open =
      authorization === undefined
        ? openDirectory.accessTo(environment, authorization, { ...interaction, type })
        : undefined;
    if (open) {
      this.countAnonymous(client, request);
      return open;
    }
    const token = client.token ?? (await this.identify(environment, request));
    client.token = token;
    client.caller = token;
    // The path of an entry could lead to another base.
    if (token.environment !== environment) throw invalidToken('The access token is of another environment.');
    const access = await gateway.admit(token, type);
    await nextErrors.refuseOnce(token);
    return access;
  }

  /**
   * Finds the client of a batch, and checks that its token may be used. Each entry finds its access by
   * itself.
   * @throws Refusal 401, 403 or 503 by the token; 429 when the client's address has used up its quota
   */
  async identifyBatch(client: Client, environment: Environment, request: FastifyRequest): Promise<void> {
    if (request.headers.authorization === undefined && this.options.openDirectory.isOpen(environment))
      return this.countAnonymous(client, request);
    client.token = await this.identify(environment, request);
    client.caller = client.token;
    await this.options.gateway.admit(client.token, undefined);
  }

  /** @throws Refusal 429 */
  private countAnonymous(client: Client, { ip }: FastifyRequest): void {
    const verdict = this.options.addressLimit.take(ip);
    client.caller = { anonymous: verdict.caller };
    client.limits = verdict.headers;
    if (!verdict.isAllowed) throw tooManyFromAddress(verdict);
  }

  /**
   * @throws Refusal as {@link admit}; 403 for the token of a member, which reaches a part of the directory
   */
  async admitToFiles(
    client: Client,
    environment: Environment,
    interaction: PublishedInteraction,
    request: FastifyRequest,
  ): Promise<void> {
    const access = await this.admit(client, environment, interaction, request);
    if (access.patient !== undefined)
      throw insufficientScope(
        'The files hold the whole directory, and the token of a member reaches a part of it. Send a token of the Provider Directory API, or none where the directory is open.',
      );
  }

  /**
   * Returns the verified token. A request whose token is not in the cache waits for its turn first, and its
   * app pays for the verification. A known token does not wait. If its proof is refused, the refusal waits: a
   * client with a copied token must not use up the time of this process with wrong proofs.
   */
  private async identify(environment: Environment, request: FastifyRequest): Promise<VerifiedToken> {
    const { gateway, fairness } = this.options;
    const { authorization } = request.headers;
    const known = gateway.recall(environment, authorization);
    if (known) return known;
    const isKnown = gateway.isKnown(environment, authorization);
    if (!isKnown) await fairness.waitAsStranger(request);
    const { dpop } = request.headers;
    const proof = dpop === undefined ? undefined : String(dpop);
    const url = new URL(request.raw.url ?? '/', this.options.addresses[environment].fhirBaseUrl).href;
    try {
      const token = await gateway.identify(environment, authorization, {
        method: request.method,
        url,
        proof,
      });
      if (!isKnown) fairness.acceptStranger(request, token);
      return token;
    } catch (error) {
      if (isKnown) await fairness.waitAsStranger(request);
      throw error;
    }
  }
}
