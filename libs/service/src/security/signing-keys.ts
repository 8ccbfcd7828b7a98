import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { DataSource } from 'typeorm';
import { rowsOf } from '../database/rows-of.js';
import type { Sealer } from './sealed.js';

/** Algorithms of signing keys (RFC 7518 §3.1): RSA of 2048 bits, or the curve P-256. */
export const signingAlgorithms = ['RS256', 'ES256'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

const suffix = ' ES256';

/**
 * The purpose under which the keys of an algorithm are stored. RSA keys have the purpose without an addition.
 */
export const keyPurpose = (purpose: string, algorithm: SigningAlgorithm): string =>
  algorithm === 'RS256' ? purpose : `${purpose}${suffix}`;

const algorithmOf = (purpose: string): SigningAlgorithm => (purpose.endsWith(suffix) ? 'ES256' : 'RS256');

export interface SigningKey {
  kid: string;
  alg: SigningAlgorithm;
  use: 'sig';
  privateJwk: JWK;
  publicJwk: JWK;
}

/**
 * The keys of one purpose ({@link keyPurpose} of an environment or a service), newest first: the first key
 * signs, all keys verify. Creates a key on first use; private parts are stored sealed.
 */
export async function signingKeys(
  source: DataSource,
  sealer: Sealer,
  purpose: string,
): Promise<SigningKey[]> {
  const known = await readKeys(source.manager, sealer, purpose);
  if (known.length > 0) return known;
  // An RSA key takes seconds on a busy machine, for which the lock must not be held.
  const key = await generateKey(purpose);
  return source.transaction(async (manager) => {
    await manager.query('SELECT pg_advisory_xact_lock(7003)');
    const stored = await readKeys(manager, sealer, purpose);
    if (stored.length > 0) return stored;
    await storeKey(manager, sealer, purpose, key, new Date());
    return readKeys(manager, sealer, purpose);
  });
}

async function readKeys(
  db: Pick<DataSource['manager'], 'query'>,
  sealer: Sealer,
  purpose: string,
): Promise<SigningKey[]> {
  const rows = await rowsOf<{ kid: string; public_jwk: JWK; sealed_private_jwk: string }>(
    db,
    'SELECT kid, public_jwk, sealed_private_jwk FROM signing_key WHERE purpose = $1 ORDER BY created_at DESC, kid',
    [purpose],
  );
  return rows.map((row) => ({
    kid: row.kid,
    alg: algorithmOf(purpose),
    use: 'sig',
    publicJwk: row.public_jwk,
    privateJwk: JSON.parse(sealer.open(row.sealed_private_jwk, row.kid)) as JWK,
  }));
}

/**
 * Creates a key and stores it sealed.
 * @param createdAt decides which key is the newest and signs
 * @returns its `kid`
 */
export async function addSigningKey(
  db: Pick<DataSource['manager'], 'query'>,
  sealer: Sealer,
  purpose: string,
  createdAt: Date,
): Promise<string> {
  const key = await generateKey(purpose);
  await storeKey(db, sealer, purpose, key, createdAt);
  return key.kid;
}

interface NewKey {
  kid: string;
  publicJwk: JWK;
  privateJwk: JWK;
}

async function generateKey(purpose: string): Promise<NewKey> {
  const alg = algorithmOf(purpose);
  const pair = await generateKeyPair(alg, { modulusLength: 2048, extractable: true });
  const publicPart = await exportJWK(pair.publicKey);
  const kid = await calculateJwkThumbprint(publicPart);
  const common = { kid, alg, use: 'sig' };
  return {
    kid,
    publicJwk: { ...publicPart, ...common },
    privateJwk: { ...(await exportJWK(pair.privateKey)), ...common },
  };
}

async function storeKey(
  db: Pick<DataSource['manager'], 'query'>,
  sealer: Sealer,
  purpose: string,
  { kid, publicJwk, privateJwk }: NewKey,
  createdAt: Date,
): Promise<void> {
  await db.query(
    'INSERT INTO signing_key (kid, purpose, public_jwk, sealed_private_jwk, created_at) VALUES ($1, $2, $3, $4, $5)',
    [kid, purpose, JSON.stringify(publicJwk), sealer.seal(JSON.stringify(privateJwk), kid), createdAt],
  );
}
