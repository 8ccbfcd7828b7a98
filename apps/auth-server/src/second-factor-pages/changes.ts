/** Changes of a member's second factors. The settings confirm each of them after a redirect. */
export const changes = ['passkey-added', 'passkey-removed', 'codes-added', 'codes-removed'] as const;
export type Change = (typeof changes)[number];
