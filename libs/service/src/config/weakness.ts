/** A secret with fewer bits is weak: its length times the bits per character of its alphabet. */
const leastBits = 64;

/** A database password with fewer characters is weak. */
const leastDatabasePassword = 12;

/** The reason why a long secret is still guessable, or undefined. */
export function weaknessOfSecret(secret: string): string | undefined {
  if ((secret + secret).indexOf(secret, 1) < secret.length) return 'repeats one pattern';
  const alphabet = new Set(secret).size;
  if (secret.length * Math.log2(alphabet) < leastBits) return `has only ${alphabet} different characters`;
  if (isSequence(secret)) return 'is a sequence of neighbouring characters';
  return undefined;
}

/** Words that people put before a number to get a password. */
const commonWords = new Set(
  'admin administrator changeit changeme database default example letmein password postgres postgresql qwerty root secret service test welcome'.split(
    ' ',
  ),
);

/** Without digits and signs, which make no common password rare. */
const lettersOf = (text: string): string => text.toLowerCase().replace(/[^a-z]+/g, '');

/**
 * The reason why a database URL must not be used in production, or undefined.
 * @param hasOtherProof whether the server may know the role by other means than the URL, such as `PGPASSWORD`
 */
export function weaknessOfDatabaseUrl(text: string, hasOtherProof = false): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'is not a URL such as postgres://user:password@host/database';
  }
  if (!/^postgres(ql)?:$/.test(url.protocol)) return 'is not a postgres:// URL';
  const password = decodeURIComponent(url.password || (url.searchParams.get('password') ?? ''));
  if (password === '') {
    const isSocket = url.searchParams.get('host')?.startsWith('/');
    const hasProof = hasOtherProof || isSocket || (url.searchParams.get('sslcert') ?? '') !== '';
    return hasProof ? undefined : 'has neither a password nor a client certificate (sslcert)';
  }
  if (/^postgres|^password/i.test(password)) return 'has a default password';
  const letters = lettersOf(password);
  const names = [url.username, url.pathname].map((name) => lettersOf(decodeURIComponent(name)));
  if (password === decodeURIComponent(url.username) || (letters !== '' && names.includes(letters)))
    return 'has the name of its user or database as password';
  if (commonWords.has(letters)) return 'has a common password';
  if (password.length < leastDatabasePassword)
    return `has a password of fewer than ${leastDatabasePassword} characters`;
  if (isSequence(password)) return 'has a sequence of neighbouring characters as password';
  return new Set(password).size < 6 ? 'has a password of few different characters' : undefined;
}

/** Whether more than half of the characters repeat or neighbour their predecessor in the alphabet. */
function isSequence(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0)!);
  const steps = codes.slice(1).filter((code, i) => Math.abs(code - codes[i]!) <= 1).length;
  return steps > text.length / 2;
}
