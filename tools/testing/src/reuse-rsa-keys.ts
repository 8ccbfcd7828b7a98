/**
 * A Vitest set-up file. To generate an RSA key takes 180 ms of processor time, and a service generates
 * several at its first start. So each test file of a process gets the same keys in the same order; within a
 * file no key comes twice.
 */
type Generate = (...values: unknown[]) => Promise<unknown>;
interface Reuse {
  generate: Generate;
  /** The keys made so far, by their parameters. */
  made: Map<string, Promise<unknown>[]>;
}

const prototype = Object.getPrototypeOf(crypto.subtle) as { generateKey: Generate };
const process = globalThis as { payerRsaKeys?: Reuse };
const { generate, made } = (process.payerRsaKeys ??= { generate: prototype.generateKey, made: new Map() });
/** How many this file has taken. */
const taken = new Map<string, number>();

prototype.generateKey = function (...values) {
  const request = JSON.stringify(values);
  if (!request.includes('RSA')) return generate.apply(this, values);
  const keys = made.get(request) ?? [];
  made.set(request, keys);
  const index = taken.get(request) ?? 0;
  taken.set(request, index + 1);
  return (keys[index] ??= generate.apply(this, values));
};

export {};
