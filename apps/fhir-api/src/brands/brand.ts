import { z } from 'zod';

const webUrl = z.url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' });
const logo = z.string().regex(/^(https:\/\/|data:image\/(svg\+xml|png)[;,])/, {
  error: 'must be an https URL, or a data: URL of an SVG or a PNG',
});
const text = z.string().trim().min(1);

/** How the plan appears in apps (SMART App Launch 2.2, User-access Brands). */
const brand = z.strictObject({
  /** The plan's public website. Default: PLAN_WEBSITE_URL, or the page of connected apps. */
  website: webUrl.optional(),
  /** To be shown as a square. Default: PLAN_LOGO. */
  logo: logo.optional(),
  logoLicense: webUrl.optional(),
  /** Other names by which members know the plan. */
  aliases: z.array(text).default([]),
  /** Further identifiers, such as NPI, NAIC code or EIN. */
  identifiers: z.array(z.strictObject({ system: text, value: text })).default([]),
  addresses: z
    .array(
      z.strictObject({
        line: z.array(text).optional(),
        city: text.optional(),
        state: text.optional(),
        postalCode: text.optional(),
        country: text.default('US'),
      }),
    )
    .default([]),
  /** Default: PLAN_CONTACT, if it is a telephone number. */
  phone: text.optional(),
  /** Where members manage their account. Default: the page of connected apps. */
  portal: z
    .strictObject({
      name: text.optional(),
      url: webUrl.optional(),
      description: text.optional(),
      logo: logo.optional(),
    })
    .default({}),
  /** When this configuration last changed. Default: when the process started. */
  updated: z.iso.datetime({ offset: true }).optional(),
});

export type Brand = z.infer<typeof brand>;

/** Variables of the plan's pages that the brand falls back on. */
interface PlanVariables {
  PLAN_LOGO?: string;
  PLAN_WEBSITE_URL?: string;
  PLAN_CONTACT?: string;
}

/** The contact of the plan is a text: a telephone number, or an address. */
const telephoneNumber = /^\+?[\d(][\d\s().-]{5,}\d$/;

/** The brand, with logo, website and telephone number of the plan's pages where `BRAND` names none. */
export function brandWithPlan(given: Brand, plan: PlanVariables): Brand {
  const { PLAN_LOGO, PLAN_WEBSITE_URL, PLAN_CONTACT = '' } = plan;
  const phone = telephoneNumber.test(PLAN_CONTACT.trim()) ? PLAN_CONTACT.trim() : undefined;
  return {
    ...given,
    logo: given.logo ?? PLAN_LOGO,
    website: given.website ?? PLAN_WEBSITE_URL,
    phone: given.phone ?? phone,
  };
}

/** The variable `BRAND`: JSON. */
export const brandVariable = z
  .string()
  .default('{}')
  .transform((given, context): Brand => {
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    let parsed: unknown;
    try {
      parsed = JSON.parse(given);
    } catch {
      return refuse('must be JSON, such as {"website":"https://plan.example"}');
    }
    const read = brand.safeParse(parsed);
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    return refuse(`${issue!.path.join('.') || 'the object'}: ${issue!.message}`);
  });
