import type { Provider } from 'oidc-provider';

type Grant = InstanceType<Provider['Grant']>;

/** The engine's grant object of a member and a client (its typings leave the constructor's argument out). */
export function newGrant(provider: Provider, accountId: string, clientId: string): Grant {
  const Grant = provider.Grant as unknown as new (properties: {
    accountId: string;
    clientId: string;
  }) => Grant;
  return new Grant({ accountId, clientId });
}

/** Keeps a grant for so many seconds; the engine takes its own lifetime for grants unless the end is set before. */
export async function saveGrant(grant: Grant, seconds: number): Promise<void> {
  grant.exp = Math.floor(Date.now() / 1000) + seconds;
  await grant.save();
}
