/** The colours of one colour scheme, as `#rrggbb`. */
interface SchemeColors {
  accent: string;
  accentText: string;
  accentSoft: string;
}

/** How the health plan appears on pages. */
export interface Brand {
  planName: string;
  /** `data:` URL of the logo. */
  logo?: string;
  colors?: { light: SchemeColors; dark: SchemeColors };
  /** A telephone number or address, as text. */
  contact?: string;
  links: { website?: string; help?: string; privacy?: string };
}

let current: Brand = { planName: 'Example Health Plan', links: {} };

/**
 * Sets the brand of all pages of this process. A service does so once, before it serves its first page: every
 * page has the same header and foot, so no page passes the brand on.
 */
export function useBrand(brand: Brand): void {
  current = brand;
}

export const brandInUse = (): Brand => current;

/** The stylesheet of the brand's colours, or undefined for the colours of the common stylesheet. */
export function brandStylesheet({ colors }: Brand = current): string | undefined {
  if (!colors) return undefined;
  const rule = ({ accent, accentText, accentSoft }: SchemeColors) =>
    `:root{--accent:${accent};--accent-text:${accentText};--accent-soft:${accentSoft}}`;
  return `${rule(colors.light)}@media (prefers-color-scheme:dark){${rule(colors.dark)}}`;
}
