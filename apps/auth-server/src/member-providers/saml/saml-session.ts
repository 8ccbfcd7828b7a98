import { z } from 'zod';

/** A member's session at a SAML provider, as a LogoutRequest names it (SAML Core §3.7.1). */
export const samlSession = z.object({
  nameID: z.string(),
  nameIDFormat: z.string(),
  nameQualifier: z.string().optional(),
  spNameQualifier: z.string().optional(),
  sessionIndex: z.string().optional(),
});
export type SamlSession = z.infer<typeof samlSession>;
