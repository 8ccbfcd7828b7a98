import { describe, expect, it } from 'vitest';
import { readArguments, usage } from './arguments.js';

describe('npm run export-directory', () => {
  it('says what is wrong with its arguments', () => {
    expect(
      readArguments(['--environment', 'sandbox', '--out', 'd', '--url', 'https://files.example/d/']),
    ).toEqual({
      environment: 'sandbox',
      directory: 'd',
      url: 'https://files.example/d',
    });
    expect(readArguments(['--help'])).toBe(usage);
    for (const [args, text] of [
      [['--out', 'd'], '--environment must be'],
      [['--environment', 'sandbox'], '--out must name'],
      [['--environment', 'sandbox', '--out', 'd', '--url', 'files'], '--url "files"'],
      [['--environment', 'sandbox', '--into', 'd'], '--into'],
    ] as [string[], string][])
      expect(readArguments(args)).toContain(text);
  });
});
