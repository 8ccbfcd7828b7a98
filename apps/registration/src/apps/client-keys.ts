import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, isLoopbackAllowed, OutboundTarget, Problem } from '@payer/service';
import type { Config } from '../config.js';
import type { AppMetadata } from '../client-metadata/app-metadata.js';

/** The members that describe how an app authenticates (RFC 7591 §2). */
type ClientKeysMetadata = Pick<AppMetadata, 'token_endpoint_auth_method' | 'jwks' | 'jwks_uri'>;

/** Checks the keys with which an app authenticates. */
@Injectable()
export class ClientKeys {
  private readonly target: OutboundTarget;

  constructor(@Inject(CONFIG) config: Config) {
    const isLocal = isLoopbackAllowed(config.JWKS_LOOPBACK, config.NODE_ENV);
    this.target = new OutboundTarget(config, isLocal, '/jwks.json');
  }

  /**
   * Checks the members together. Keys may be registered before the app uses them, so that the change of the
   * method is one step.
   * @throws Problem 400 that names the member at fault
   */
  check({ token_endpoint_auth_method: method, jwks, jwks_uri }: ClientKeysMetadata): void {
    if (jwks && jwks_uri) refuse('jwks_uri', 'must be absent when jwks is given (RFC 7591 §2)');
    const refusal = jwks_uri && this.target.refusalOf(jwks_uri);
    if (refusal) refuse('jwks_uri', refusal);
    if (method === 'private_key_jwt' && !jwks && !jwks_uri)
      refuse('jwks', 'is missing: private_key_jwt needs the public keys of the app, as jwks or as jwks_uri');
  }

  /** The patch that replaces one form of the keys by the other: a new `jwks` removes `jwks_uri`. */
  replaced<Patch extends Partial<ClientKeysMetadata>>(patch: Patch): Patch {
    if (patch.jwks && patch.jwks_uri === undefined) return { ...patch, jwks_uri: null };
    if (patch.jwks_uri && patch.jwks === undefined) return { ...patch, jwks: null };
    return patch;
  }
}

function refuse(field: string, message: string): never {
  throw new Problem(400, 'invalid_request', `${field}: ${message}`, [{ field, message }]);
}
