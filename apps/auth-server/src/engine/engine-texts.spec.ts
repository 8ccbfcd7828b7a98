import { describe, expect, it } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { assertionUsed, bodyTooLong, grantDetails, requestFaults } from './engine-texts.js';
import { patchedMethods } from './patched-methods.js';

const require = createRequire(import.meta.url);
const engine = dirname(require.resolve('oidc-provider'));

/** The sources of the installed engine as one text. */
const sources = readdirSync(engine, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.js'))
  .map((file) => readFileSync(join(engine, file), 'utf8'))
  .join('\n');

/**
 * Whether the engine makes the text, from a literal or from a label and a template (`${label} not found`).
 */
function isMade(text: string): boolean {
  if (sources.includes(text)) return true;
  return text.split(' ').some((_word, count, words) => {
    const [label, rest] = [words.slice(0, count).join(' '), words.slice(count).join(' ')];
    return sources.includes(`'${label}'`) && sources.includes(`\`\${label} ${rest}\``);
  });
}

describe('the installed engine', () => {
  it.each(Object.values(grantDetails))('still says "%s" about a code or refresh token', (detail) => {
    expect(isMade(detail)).toBe(true);
  });

  it.each([requestFaults.grantTypeNotAllowed, ...requestFaults.notAuthenticated])(
    'still says "%s" about a request',
    (part) => {
      expect(isMade(part)).toBe(true);
    },
  );

  it.each([bodyTooLong, assertionUsed])('still says "%s"', (text) => {
    expect(sources).toContain(`'${text}'`);
  });

  it('still asks ReplayDetection.unique about the jti of an assertion', () => {
    expect(sources).toContain('static async unique(iss, jti, exp)');
    expect(sources).toMatch(/ReplayDetection\.unique\(\s*payload\.iss,\s*payload\.jti,/);
  });

  it.each(patchedMethods)('still has the client method %s, and calls it', (method) => {
    expect(readFileSync(join(engine, 'models/client.js'), 'utf8')).toMatch(
      new RegExp(`^ +${method}\\(`, 'm'),
    );
    expect(sources).toMatch(new RegExp(`\\.${method}\\(|method: '${method}'`));
  });
});
