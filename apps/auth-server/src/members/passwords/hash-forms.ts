/** An imported password hash, taken apart. */
export type PasswordHash =
  | { scheme: 'argon2id' | 'bcrypt'; encoded: string }
  | { scheme: 'pbkdf2'; digest: 'sha256' | 'sha512'; iterations: number; salt: Buffer; key: Buffer };

/** A hash that the import refuses. The message never repeats the hash. */
export class RefusedHash extends Error {}

type Form = (encoded: string) => PasswordHash;

const refuse = (problem: string): never => {
  throw new RefusedHash(problem);
};

/**
 * Bounds of the cost. The lower bounds follow OWASP's password storage recommendations of the last years; a
 * hash below them is guessed too fast after a theft. The upper bounds keep one check below half a second of
 * one processor and below 64 MiB, so that no hash of a file can stop the service.
 */
const costBounds = {
  argon2id: { memory: [7168, 65_536], passes: [1, 10], lanes: [1, 8], work: [32_768, 262_144] },
  bcrypt: { cost: [10, 13] },
  pbkdf2: { sha256: [100_000, 1_500_000], sha512: [100_000, 1_000_000] },
} as const;

function within(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (value < least) refuse(`${name} is ${value}, which is too weak: at least ${least}`);
  if (value > most) refuse(`${name} is ${value}, which costs too much: at most ${most}`);
}

/** Decodes unpadded base64. An encoding with stray bits at its end is refused, as libraries differ on it. */
function decode(name: string, text: string, [least, most]: readonly [number, number]): Buffer {
  const standard = text.replaceAll('.', '+');
  const bytes = Buffer.from(standard, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== standard) refuse(`the ${name} is not base64`);
  if (bytes.length < least || bytes.length > most)
    refuse(`the ${name} has ${bytes.length} bytes: from ${least} to ${most} are accepted`);
  return bytes;
}

/** `$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>` (PHC string format, RFC 9106). */
const argon2id: Form = (encoded) => {
  const form =
    /^\$argon2id\$v=(\d{1,3})\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
  const [, version, memory, passes, lanes, salt = '', hash = ''] =
    form.exec(encoded) ?? refuse('argon2id has the form $argon2id$v=19$m=…,t=…,p=…$salt$hash');
  if (version !== '19') refuse(`the version of argon2 is ${version}: only 19 is accepted`);
  const bounds = costBounds.argon2id;
  within('m (KiB)', Number(memory), bounds.memory);
  within('t', Number(passes), bounds.passes);
  within('p', Number(lanes), bounds.lanes);
  within('m × t', Number(memory) * Number(passes), bounds.work);
  decode('salt', salt, [8, 64]);
  decode('hash', hash, [16, 64]);
  return { scheme: 'argon2id', encoded };
};

/** `$2b$<cost>$<22 characters of salt><31 of hash>`, also with `2a` or `2y` (modular crypt form). */
const bcrypt: Form = (encoded) => {
  if (/^\$2x?\$/.test(encoded))
    refuse('the variants $2$ and $2x$ of bcrypt have a fault; $2a$, $2b$ and $2y$ are accepted');
  // The last character of the salt has four unused bits, the last of the hash two.
  const form = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;
  const [, cost] = form.exec(encoded) ?? refuse('bcrypt has the form $2b$cost$ and 53 characters');
  within('the cost', Number(cost), costBounds.bcrypt.cost);
  return { scheme: 'bcrypt', encoded };
};

/**
 * `$pbkdf2-sha256$i=<iterations>,l=<bytes>$<salt>$<hash>` (PHC; `l` may be absent), or
 * `$pbkdf2-sha256$<iterations>$<salt>$<hash>` (modular crypt form of passlib). Also with `sha512`.
 */
const pbkdf2: Form = (encoded) => {
  const form =
    /^\$pbkdf2-(sha256|sha512)\$(?:i=(\d{1,10})(?:,l=(\d{1,4}))?|(\d{1,10}))\$([A-Za-z0-9+/.]+)\$([A-Za-z0-9+/.]+)$/;
  const [, digest, named, length, plain, salt = '', hash = ''] =
    form.exec(encoded) ?? refuse('PBKDF2 has the form $pbkdf2-sha256$i=…$salt$hash, or with sha512');
  const known = digest as 'sha256' | 'sha512';
  const iterations = Number(named ?? plain);
  within('the number of iterations', iterations, costBounds.pbkdf2[known]);
  // A key longer than the digest costs the server twice the iterations, and an attacker only once.
  const key = decode('hash', hash, [16, known === 'sha256' ? 32 : 64]);
  if (length !== undefined && Number(length) !== key.length)
    refuse(`l is ${length}, but the hash has ${key.length} bytes`);
  return { scheme: 'pbkdf2', digest: known, iterations, salt: decode('salt', salt, [8, 64]), key };
};

/** The accepted forms by the beginning of the text. */
const forms: readonly [RegExp, Form][] = [
  [/^\$argon2id\$/, argon2id],
  [/^\$2[a-z]?\$/, bcrypt],
  [/^\$pbkdf2-sha(256|512)\$/, pbkdf2],
];

/**
 * Takes an imported password hash apart.
 * @throws RefusedHash with the fault: an unknown scheme or form, or a cost outside {@link costBounds}
 */
export function readPasswordHash(encoded: string): PasswordHash {
  const [, form] =
    forms.find(([beginning]) => beginning.test(encoded)) ??
    refuse('the scheme is not accepted: argon2id, bcrypt, pbkdf2-sha256 and pbkdf2-sha512 are');
  return form(encoded);
}
