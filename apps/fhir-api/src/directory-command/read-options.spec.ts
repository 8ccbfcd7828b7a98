import { describe, expect, it } from 'vitest';
import * as publication from '../bulk-publish/arguments.js';
import * as quality from '../directory-quality/arguments.js';

describe.each([
  ['export-directory', publication, ['--out', 'd']],
  ['directory-quality', quality, []],
] as const)('npm run %s', (_name, { readArguments, usage }, others) => {
  it.each([
    [[], '--environment must be'],
    [['--environment', 'test'], '--environment must be'],
    [['--environment'], '--environment'],
    [['--environment', 'sandbox', '--unknown', 'x'], '--unknown'],
    [['--environment', 'sandbox', 'file'], 'file'],
  ])('says what is wrong with %j', (args, text) => {
    const answer = readArguments([...args, ...others]);
    expect(answer).toContain(text);
    expect(answer).toContain(usage);
  });

  it('takes an environment, and gives its usage for --help', () => {
    expect(readArguments(['--environment', 'sandbox', ...others])).toMatchObject({ environment: 'sandbox' });
    expect(readArguments(['--help'])).toBe(usage);
  });
});
