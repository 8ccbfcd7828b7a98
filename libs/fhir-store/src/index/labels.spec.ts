import { expect, it } from 'vitest';
import { labelsText } from './labels.js';

it('labels become the text of an array of PostgreSQL, the same text for the same array', () => {
  const labels = ['http://system|SUD', '|a,b', 'with "quotes" and \\'];
  expect(labelsText(labels)).toBe('{"http://system|SUD","|a,b","with \\"quotes\\" and \\\\"}');
  expect(labelsText(labels)).toBe(labelsText(labels));
  expect(labelsText([])).toBe('{}');
});
