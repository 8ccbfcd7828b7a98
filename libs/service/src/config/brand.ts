import {
  brandColors,
  isHexColor,
  leastContrast,
  lowContrasts,
  nearestReadable,
  type BrandColors,
  type HexColor,
} from '@payer/smart';
import { z } from 'zod';

/** How the health plan appears on pages. */
export interface PlanBrand {
  planName: string;
  /** `data:` URL of the logo. */
  logo?: string;
  colors?: BrandColors;
  /** A telephone number or address, as text. */
  contact?: string;
  links: { website?: string; help?: string; privacy?: string };
}

/** The most characters of the logo. It is part of every page. */
const longestLogo = 65_536;

const link = z.url({ protocol: /^https$/, error: 'must be a URL that begins with https://' }).optional();

const color = (scheme: 'light' | 'dark', ground: string) =>
  z
    .string()
    .superRefine((value, context) => {
      const problem = isHexColor(value)
        ? unreadable(scheme, value, ground)
        : 'must be a colour such as #0b5c8a';
      if (problem) context.addIssue({ code: 'custom', message: problem });
    })
    .transform((value) => value.toLowerCase() as HexColor)
    .optional();

/** Why a colour cannot be read, or undefined. */
function unreadable(scheme: 'light' | 'dark', value: HexColor, ground: string): string | undefined {
  const [worst] = lowContrasts(scheme, value).sort((a, b) => a.contrast - b.contrast);
  if (!worst) return undefined;
  return (
    `has a contrast of ${worst.contrast.toFixed(1)}:1 as ${worst.where} ${ground}, and text needs ` +
    `${leastContrast}:1 (WCAG 2.2 §1.4.3). The nearest readable shade is ${nearestReadable(scheme, value)}`
  );
}

/** Variables of the plan's brand. All services that serve pages have the same values. */
export const brandVariables = {
  /** Name of the health plan, shown on every page. */
  PLAN_NAME: z.string().default('Example Health Plan'),
  /** Logo as a `data:` URL of a PNG or SVG image. Shown beside the name, 32 pixels high. */
  PLAN_LOGO: z
    .string()
    .max(longestLogo, `must have at most ${longestLogo} characters`)
    .regex(
      /^data:image\/(png|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}$/,
      'must be a URL that begins with data:image/png;base64, or data:image/svg+xml;base64,',
    )
    .optional(),
  /** Colour of links and buttons, such as #0b5c8a. Must be readable on white. */
  PLAN_COLOR: color('light', 'of light pages'),
  /** The same for dark pages. Default: the nearest readable shade of PLAN_COLOR. */
  PLAN_COLOR_DARK: color('dark', 'of dark pages'),
  /** Contact of the plan for members, such as a telephone number. */
  PLAN_CONTACT: z.string().max(200).optional(),
  /** Pages of the plan, linked from the foot of every page. */
  PLAN_WEBSITE_URL: link,
  PLAN_HELP_URL: link,
  PLAN_PRIVACY_URL: link,
};

type BrandConfig = z.infer<z.ZodObject<typeof brandVariables>>;

/** The brand of a configuration. */
export function brandOf(config: BrandConfig): PlanBrand {
  const { PLAN_COLOR: accent, PLAN_COLOR_DARK: dark } = config;
  return {
    planName: config.PLAN_NAME,
    logo: config.PLAN_LOGO,
    colors: accent && brandColors(accent, dark),
    contact: config.PLAN_CONTACT,
    links: {
      website: config.PLAN_WEBSITE_URL,
      help: config.PLAN_HELP_URL,
      privacy: config.PLAN_PRIVACY_URL,
    },
  };
}
