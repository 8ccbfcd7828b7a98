import { describe, expect, it } from 'vitest';
import { ConceptMemo, Memo } from './memo.js';

describe('the memo of concepts', () => {
  const system = 'http://loinc.org';
  const coding = { system, code: '4548-4', display: 'Hemoglobin A1c' };
  /** Whether the second of two values gets what was made of the first. */
  const areOne = (one: unknown, other: unknown) => {
    const memo = new ConceptMemo<object>();
    return memo.get(one, () => ({})) === memo.get(structuredClone(other), () => ({}));
  };

  it.each([
    ['a code', 'final'],
    ['a Coding', coding],
    ['a CodeableConcept', { coding: [coding], text: 'HbA1c' }],
    ['a CodeableConcept of two Codings', { coding: [coding, { code: 'a1c' }] }],
  ])('computes what depends on %s once', (_name, value) => {
    expect(areOne(value, value)).toBe(true);
  });

  it.each([
    ['another system', coding, { ...coding, system: 'http://snomed.info/sct' }],
    ['no system', coding, { ...coding, system: undefined }],
    ['another display', coding, { ...coding, display: 'A1c' }],
    ['another text', { coding: [coding], text: 'a' }, { coding: [coding], text: 'b' }],
    ['one Coding more', { coding: [coding] }, { coding: [coding, coding] }],
    ['a Coding in place of a concept', coding, { coding: [coding] }],
    ['a code in place of a Coding', '4548-4', { code: '4548-4' }],
    ['a code that is a number', { code: '1' }, { code: 1 }],
  ])('tells %s from it', (_name, one, other) => {
    expect(areOne(one, other)).toBe(false);
  });

  it.each([
    ['an Identifier', { system, value: '1' }],
    ['an Identifier with a type', { type: { coding: [coding] }, value: '1' }],
    ['a Coding that is null', { coding: [null, coding] }],
    ['a long text', { coding: [coding], text: 'x'.repeat(1000) }],
  ])('does not keep %s', (_name, value) => {
    expect(areOne(value, value)).toBe(false);
  });

  it('stays small, whatever comes', () => {
    const memo = new Memo<number>();
    const made = (code: string, text: string) => {
      let count = 0;
      memo.get(code, [text], () => (count += 1));
      return count;
    };
    for (let i = 0; i < 20; i++) expect(made('one', `typed ${i}`)).toBe(1);
    // The first texts with the code are kept, the others are not.
    expect([made('one', 'typed 0'), made('one', 'typed 19')]).toEqual([0, 1]);
    for (let i = 0; i < 10_000; i++) made(`code ${i}`, '');
    expect([made('one', 'typed 0'), made('code 9999', '')]).toEqual([1, 0]);
  });
});
