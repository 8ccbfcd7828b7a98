import { z } from 'zod';

/** Members that only a private or symmetric key has (RFC 7518 §6). */
const secretMembers = ['d', 'k'];

/** A signer of software statements that the plan trusts (RFC 7591 §2.3). */
const issuerRule = z
  .strictObject({
    /** The `iss` claim of its statements, character for character. */
    issuer: z.string().min(1),
    /** Its public keys by value. */
    jwks: z
      .object({ keys: z.array(z.record(z.string(), z.unknown())).min(1, 'must have at least one key') })
      .refine(
        ({ keys }) => keys.every((key) => ['RSA', 'EC', 'OKP'].includes(String(key.kty))),
        'must hold public keys with the kty RSA, EC or OKP',
      )
      .refine(
        ({ keys }) => !keys.some((key) => secretMembers.some((name) => name in key)),
        'must hold public keys only',
      )
      .optional(),
    /** The address of its public keys. */
    jwks_uri: z.url({ protocol: /^https?$/ }).optional(),
  })
  .refine(({ jwks, jwks_uri }) => (jwks === undefined) !== (jwks_uri === undefined), {
    error: 'must have either jwks or jwks_uri',
  });
export type SoftwareStatementIssuer = z.infer<typeof issuerRule>;

/**
 * Reads SOFTWARE_STATEMENT_ISSUERS, a JSON list.
 * @param isProduction requires https addresses of keys
 * @throws Error that names the wrong member and the fault
 */
export function parseStatementIssuers(text: string, isProduction: boolean): SoftwareStatementIssuer[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('must be a JSON list of issuers');
  }
  const parsed = z.array(issuerRule).safeParse(value);
  if (!parsed.success)
    throw new Error(
      parsed.error.issues.map(({ path, message }) => `[${path.join('.')}] ${message}`).join('; '),
    );
  const issuers = parsed.data;
  const repeated = issuers.find(({ issuer }, at) => issuers.findIndex((one) => one.issuer === issuer) !== at);
  if (repeated) throw new Error(`names the issuer ${repeated.issuer} twice`);
  const plain = issuers.find(({ jwks_uri }) => jwks_uri?.startsWith('http:'));
  if (isProduction && plain)
    throw new Error(`[${plain.issuer}] jwks_uri must begin with https:// in production`);
  return issuers;
}
