/** A colour as `#rrggbb`. */
export type HexColor = `#${string}`;

/** The colours that a brand sets in one colour scheme. */
export interface SchemeColors {
  /** Links, buttons and the mark of the header. */
  accent: HexColor;
  /** Text on the accent. */
  accentText: HexColor;
  /** Background of badges and notices, with the accent as text. */
  accentSoft: HexColor;
}

export interface BrandColors {
  light: SchemeColors;
  dark: SchemeColors;
}

/** Contrast that text of any size needs (WCAG 2.2 §1.4.3, level AA). */
export const leastContrast = 4.5;

/**
 * Backgrounds of the pages on which the accent is text: card and page. `soft` is the accent's share in
 * badges.
 */
const schemes = {
  light: { backgrounds: { 'a card': '#ffffff', 'the page': '#f6f7f9' }, soft: 0.1, towards: '#000000' },
  dark: { backgrounds: { 'a card': '#1a212b', 'the page': '#11161d' }, soft: 0.16, towards: '#ffffff' },
} as const;
type Scheme = keyof typeof schemes;

/** Texts that a coloured button may have: the one with the greater contrast is taken. */
const buttonTexts = ['#ffffff', '#08202f'] as const;

/** Steps in which a colour is moved towards black or white, to find the nearest readable one. */
const steps = 200;

export const isHexColor = (text: string): text is HexColor => /^#[0-9a-f]{6}$/i.test(text);

/** Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(one: string, other: string): number {
  const [light = 1, dark = 1] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** A pair of colours that is too close to read, in words. */
export interface LowContrast {
  where: string;
  contrast: number;
}

/** The pairs of a scheme that have too little contrast. */
export function lowContrasts(scheme: Scheme, accent: HexColor): LowContrast[] {
  return contrastsOf(scheme, accent).filter((pair) => pair.contrast < leastContrast);
}

/** All pairs of a scheme in which the accent is text or the background of text, with their contrast. */
export function contrastsOf(scheme: Scheme, accent: HexColor): LowContrast[] {
  const { accentText, accentSoft } = schemeColors(scheme, accent);
  const pairs: [string, string, string][] = [
    ...Object.entries(schemes[scheme].backgrounds).map(
      ([name, color]) => [`a link on ${name}`, accent, color] as [string, string, string],
    ),
    ['the text of a button', accentText, accent],
    ['the text of a badge', accent, accentSoft],
  ];
  return pairs.map(([where, one, other]) => ({ where, contrast: contrast(one, other) }));
}

/** The nearest colour with enough contrast: darker in the light scheme, lighter in the dark one. */
export function nearestReadable(scheme: Scheme, accent: HexColor): HexColor {
  for (let step = 0; step <= steps; step++) {
    const color = mix(schemes[scheme].towards, accent, step / steps);
    if (lowContrasts(scheme, color).length === 0) return color;
  }
  throw new Error(`no shade of ${accent} is readable`);
}

/**
 * The colours of a brand.
 * @param dark the accent of the dark scheme; by default the nearest shade of the accent that is readable
 * there
 */
export function brandColors(accent: HexColor, dark: HexColor = nearestReadable('dark', accent)): BrandColors {
  return { light: schemeColors('light', accent), dark: schemeColors('dark', dark) };
}

function schemeColors(scheme: Scheme, accent: HexColor): SchemeColors {
  const { backgrounds, soft } = schemes[scheme];
  const [first, second] = buttonTexts;
  return {
    accent,
    accentText: contrast(first, accent) >= contrast(second, accent) ? first : second,
    accentSoft: mix(accent, backgrounds['a card'], soft),
  };
}

/** Red, green and blue, 0 to 255. */
const channels = (color: string): number[] =>
  [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));

/** A colour with this share, 0 to 1, of another one in it. */
function mix(added: string, base: string, share: number): HexColor {
  const [from, to] = [channels(base), channels(added)];
  const mixed = from.map((value, index) => Math.round(value + ((to[index] ?? value) - value) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance"). */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
