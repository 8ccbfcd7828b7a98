import { languageTags } from '@payer/ui';
import { z } from 'zod';

/** Fields of an imported member for the mails about grants. A member without `email` gets none. */
export const mailFields = {
  email: z.email().max(254).optional(),
  /** Language of the mails. English when left out. */
  language: z.enum(languageTags as [string, ...string[]]).optional(),
};
