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
import { jwtVerify } from 'jose';
import type { RequestDecryption } from '../keys/request-decryption.js';

export type RequestVerifier = (token: string, environment: Environment) => Promise<ConsentRequest>;

/**
 * Decrypts consent requests and verifies them against the published keys of each environment's issuer, which are
 * fetched when first needed and kept. The verifier throws when the request was not encrypted to consent, is not
 * auth-server's, is not for this environment, is too old, or leads elsewhere.
 *
 * @param authServer where auth-server answers from here
 */
export function requestVerifier(
  addresses: Addresses,
  authServer: string,
  decryption: RequestDecryption,
): RequestVerifier {
  const keys = new Map(
    environments.map((environment) => [
      environment,
      remoteKeys(`${authServer}/${environment}${endpointPaths.jwks}`),
    ]),
  );
  return async (token, environment) => {
    const { issuer, managementUrl } = addresses[environment];
    const { payload } = await jwtVerify(await decryption.decrypt(token), keys.get(environment) as never, {
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
  };
}
