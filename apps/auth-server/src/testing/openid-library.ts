import * as client from 'openid-client';

/**
 * `openid-client` as an app configures it by discovery. Only the port of the server is exchanged.
 * @param serviceUrl the service that replaces its public URL
 */
export function openidLibrary(
  serviceUrl: string,
  clientId: string,
  authentication: client.ClientAuth,
): Promise<client.Configuration> {
  return client.discovery(new URL('http://localhost:4000/sandbox'), clientId, undefined, authentication, {
    execute: [client.allowInsecureRequests],
    [client.customFetch]: (url, init) =>
      fetch(url.replace('http://localhost:4000', serviceUrl), init as RequestInit),
  });
}
