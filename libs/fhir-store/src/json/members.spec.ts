import { describe, expect, it } from 'vitest';
import { jsonItems, jsonMembers } from './members.js';
import { maxPretty, prettyJson } from './pretty.js';

const value = {
  a: [],
  b: {},
  c: [{ d: 'x, y: {z} [w] "q" \\' }, [1, -2.5e3, null, true]],
  'e"f': { g: '' },
  h: [[], [{}]],
};

describe('JSON as it is written', () => {
  it('is indented as by JSON.stringify, except that numbers keep their digits', () => {
    expect(prettyJson(JSON.stringify(value))).toBe(`${JSON.stringify(value, undefined, 2)}\n`);
    expect(prettyJson('{"a":1.50,"b":[0.10]}')).toBe('{\n  "a": 1.50,\n  "b": [\n    0.10\n  ]\n}\n');
    for (const plain of ['1.0', '"x"', '[]', '{}']) expect(prettyJson(plain)).toBe(`${plain}\n`);
  });

  it('is not indented beyond a size', () => {
    const long = JSON.stringify({ text: 'x'.repeat(maxPretty) });
    expect(prettyJson(long)).toBe(long);
  });

  it('is split into members and items', () => {
    const text = JSON.stringify(value);
    expect([...jsonMembers(text).keys()]).toEqual(Object.keys(value));
    expect(jsonItems(JSON.stringify(value.c)).map((item) => JSON.parse(item) as unknown)).toEqual(value.c);
    expect(jsonItems('[1.50,"a,]",{"b":[2]}]')).toEqual(['1.50', '"a,]"', '{"b":[2]}']);
    expect(jsonItems('[]')).toEqual([]);
  });

  it('is refused when it is no object, no array, or cut off', () => {
    for (const text of ['', '[]', '{"a":1', '{"a', '{"a":"b\\"}', '{"a":1 2}']) {
      expect(() => jsonMembers(text)).toThrow(SyntaxError);
    }
    for (const text of ['', '{}', '[1', '["a', '[1 2]']) expect(() => jsonItems(text)).toThrow(SyntaxError);
  });
});
