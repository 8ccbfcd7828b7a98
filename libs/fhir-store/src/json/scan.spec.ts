import { expect, it } from 'vitest';
import { compact } from './scan.js';

it.each([
  ['{ "a" : [ 1 , "x  y" ] }\n', '{"a":[1,"x  y"]}'],
  ['{"a":"\\" \\\\", "b" :\t"\\\\"}', '{"a":"\\" \\\\","b":"\\\\"}'],
  ['  null\r\n', 'null'],
  ['""', '""'],
])('removes the white space between the tokens of %j', (text, expected) => {
  expect(compact(text)).toBe(expected);
});

it('takes a string with millions of escapes', () => {
  const text = `"${'\\n'.repeat(5_000_000)}"`;
  expect(compact(`{ "a" : ${text} }`)).toBe(`{"a":${text}}`);
});
