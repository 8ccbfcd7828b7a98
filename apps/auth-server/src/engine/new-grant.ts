import type { Provider } from 'oidc-provider';

type Grant = InstanceType<Provider['Grant']>;

/**
 * Creates the engine's grant of a member and a client. The engine's types omit the constructor's argument.
 */
export function newGrant(provider: Provider, accountId: string, clientId: string): Grant {
  const Grant = provider.Grant as unknown as new (properties: {
    accountId: string;
    clientId: string;
  }) => Grant;
  return new Grant({ accountId, clientId });
}

/** Stores a grant with this lifetime. Without `exp` the engine would use its own lifetime for grants. */
export async function saveGrant(grant: Grant, seconds: number): Promise<void> {
  grant.exp = Math.floor(Date.now() / 1000) + seconds;
  await grant.save();
}
