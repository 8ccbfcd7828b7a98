import { describe, expect, it } from 'vitest';
import { Numbering } from './numbering.js';

describe('the numbers of search parameters', () => {
  const earlier = { parameters: { a: { number: 1 }, b: { number: 2, slot: 0 }, c: { number: 3, slot: 1 } } };

  it('stay, and a new parameter gets one that no other has', () => {
    const numbering = new Numbering(earlier);
    expect(['a', 'c', 'new', 'other'].map((code) => numbering.numberOf(code))).toEqual([1, 3, 4, 5]);
    expect([numbering.slotOf('b'), numbering.slotOf('new')]).toEqual([0, 2]);
  });

  it('of a dropped parameter are never given again, however often the definitions are made', () => {
    const retired = new Numbering(earlier).retired(new Set(['a', 'b']));
    expect(retired).toEqual({ c: { number: 3, slot: 1 } });
    const later = { parameters: { a: { number: 1 }, b: { number: 2, slot: 0 } }, retired };
    const numbering = new Numbering(later);
    expect([numbering.numberOf('new'), numbering.slotOf('new')]).toEqual([4, 2]);
    expect(numbering.retired(new Set(['a', 'b', 'new']))).toEqual(retired);
    const again = new Numbering({ parameters: { new: { number: 4, slot: 2 } }, retired });
    expect([again.numberOf('c'), again.slotOf('c'), again.numberOf('newer')]).toEqual([3, 1, 5]);
    expect(again.retired(new Set(['c', 'new']))).toEqual({});
  });

  it('begin with 1 for a new type', () => {
    const numbering = new Numbering(undefined);
    expect([numbering.numberOf('a'), numbering.slotOf('a')]).toEqual([1, 0]);
  });
});
