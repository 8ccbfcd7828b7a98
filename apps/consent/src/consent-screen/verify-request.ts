import {
  consentRequestClaims,
  consentRequestType,
  endpointPaths,
  environments,
  type Addresses,
  type ConsentRequest,
  type Environment,
} from '@payer/smart';
import { remoteKeys } from '@payer/service';
import { jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { RequestDecryption } from '../keys/request-decryption.js';

/**
 * Decrypts consent requests and verifies them with the published keys of each environment's issuer. The keys
 * are fetched on first use and cached.
 */
export class RequestVerifier {
  private readonly keys: ReadonlyMap<Environment, JWTVerifyGetKey>;

  /**
   * @param authServer internal URL of auth-server
   * @param keysMaxAge milliseconds for which fetched keys are used
   */
  constructor(
    private readonly addresses: Addresses,
    authServer: string,
    private readonly decryption: RequestDecryption,
    keysMaxAge: number,
  ) {
    this.keys = new Map(
      environments.map((environment) => [
        environment,
        remoteKeys(`${authServer}/${environment}${endpointPaths.jwks}`, { maxAge: keysMaxAge }),
      ]),
    );
  }

  /**
   * @throws Error when the request was not encrypted for consent, was not issued by auth-server, is for
   * another environment, has expired, or has a foreign return URL
   */
  async verify(token: string, environment: Environment): Promise<ConsentRequest> {
    const { issuer, managementUrl } = this.addresses[environment];
    const jwt = await this.decryption.decrypt(token);
    const { payload } = await jwtVerify(jwt, this.keys.get(environment) as JWTVerifyGetKey, {
      algorithms: ['RS256'],
      typ: consentRequestType,
      issuer,
      audience: managementUrl,
      requiredClaims: ['exp', 'jti'],
    });
    const request = consentRequestClaims.parse(payload);
    if (request.environment !== environment) throw new Error('the request is of another environment');
    if (!request.return_to.startsWith(`${issuer}/`))
      throw new Error('the request does not lead back to its issuer');
    return request;
  }
}
