import { expect, it } from 'vitest';
import { parseXml } from './xml.js';

it('XML that is costly to parse is refused before it is parsed', () => {
  const open = Array.from({ length: 10_000 }, (_, n) => `<a xmlns:b${n}="c">`).join('');
  const begun = performance.now();
  expect(() => parseXml(open + '</a>'.repeat(10_000))).toThrow('more than 1000 elements');
  expect(performance.now() - begun).toBeLessThan(500);
});
