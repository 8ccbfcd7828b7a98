import { describe, expect, it } from 'vitest';
import { jsonItems, jsonMembers, maxPretty, prettyJson } from './json-members.js';

const value = {
  a: [],
  b: {},
  c: [{ d: 'x, y: {z} [w] "q" \\' }, [1, -2.5e3, null, true]],
  'e"f': { g: '' },
  h: [[], [{}]],
};

describe('JSON as it is written', () => {
  it('for people to read is what JSON.stringify makes of it, but for the digits of numbers', () => {
    expect(prettyJson(JSON.stringify(value))).toBe(`${JSON.stringify(value, undefined, 2)}\n`);
    expect(prettyJson('{"a":1.50,"b":[0.10]}')).toBe('{\n  "a": 1.50,\n  "b": [\n    0.10\n  ]\n}\n');
    for (const plain of ['1.0', '"x"', '[]', '{}']) expect(prettyJson(plain)).toBe(`${plain}\n`);
  });

  it('is not made readable when there is too much of it to read', () => {
    const long = JSON.stringify({ text: 'x'.repeat(maxPretty) });
    expect(prettyJson(long)).toBe(long);
  });

  it('comes apart into members and items', () => {
    const text = JSON.stringify(value);
    expect([...jsonMembers(text).keys()]).toEqual(Object.keys(value));
    expect(jsonItems(JSON.stringify(value.c)).map((item) => JSON.parse(item) as unknown)).toEqual(value.c);
    expect(jsonItems('[1.50,"a,]",{"b":[2]}]')).toEqual(['1.50', '"a,]"', '{"b":[2]}']);
    expect(jsonItems('[]')).toEqual([]);
  });
});
