import { describe, expect, it } from 'vitest';
import { readable } from './readable.js';

describe('a line for a person', () => {
  it.each([
    ['plain text', 'plain text'],
    ['42', '42'],
    ['{"no":"message"}', '{"no":"message"}'],
    ['{"level":30,"msg":"ready"}', 'ready'],
    [
      '{"msg":"Configuration is wrong","problems":["PORT is 1","HOST is 2"]}',
      'Configuration is wrong:\n  PORT is 1\n  HOST is 2',
    ],
    ['{"msg":"failed","err":{"stack":"Error: failed\\n    at here"}}', 'failed\nError: failed\n    at here'],
  ])('%s', (line, text) => expect(readable(line)).toBe(text));
});
