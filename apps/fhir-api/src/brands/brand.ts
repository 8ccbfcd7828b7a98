import { z } from 'zod';

const webUrl = z.url({ protocol: /^https?$/, error: 'must be an absolute http(s) URL' });
const logo = z.string().regex(/^(https:\/\/|data:image\/(svg\+xml|png)[;,])/, {
  error: 'must be an https URL, or a data: URL of an SVG or a PNG',
});
const text = z.string().trim().min(1);

/** How the plan appears in apps (SMART App Launch 2.2, User-access Brands). */
const brand = z.strictObject({
  /** The plan's public website. Default: the page of connected apps. */
  website: webUrl.optional(),
  /** To be shown as a square. */
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
