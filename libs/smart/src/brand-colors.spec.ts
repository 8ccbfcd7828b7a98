import { describe, expect, it } from 'vitest';
import { brandColors, contrast, leastContrast, lowContrasts, nearestReadable } from './brand-colors.js';

describe('the colours of a brand', () => {
  it.each([
    ['#000000', '#ffffff', 21],
    ['#ffffff', '#ffffff', 1],
    ['#777777', '#ffffff', 4.48],
    ['#767676', '#ffffff', 4.54],
    ['#ff0000', '#ffffff', 4.0],
    ['#0000ff', '#ffffff', 8.59],
  ])('the contrast of %s and %s is %d:1, as the W3C computes it', (one, other, expected) => {
    expect(contrast(one, other)).toBeCloseTo(expected, 1);
    expect(contrast(other, one)).toBe(contrast(one, other));
  });

  it.each(['#ffcc00', '#00ff00', '#ffffff', '#ff69b4', '#808080', '#0b5c8a', '#000000', '#7b2d8b'] as const)(
    'a shade of %s is readable in both schemes, as text and under text',
    (accent) => {
      const light = nearestReadable('light', accent);
      expect(lowContrasts('light', light)).toEqual([]);
      const colors = brandColors(light);
      expect(lowContrasts('dark', colors.dark.accent)).toEqual([]);
      for (const scheme of [colors.light, colors.dark]) {
        expect(contrast(scheme.accent, scheme.accentText)).toBeGreaterThanOrEqual(leastContrast);
        expect(contrast(scheme.accent, scheme.accentSoft)).toBeGreaterThanOrEqual(leastContrast);
      }
    },
  );

  it('names each place at which a colour cannot be read', () => {
    expect(lowContrasts('light', '#ffcc00').map(({ where }) => where)).toContain('a link on a card');
    expect(lowContrasts('dark', '#0b5c8a').length).toBeGreaterThan(0);
    expect(lowContrasts('light', '#0b5c8a')).toEqual([]);
  });
});
