import { z } from 'zod';

/** An account in the answers of the API. */
export const accountView = z.object({
  id: z.uuid(),
  role: z.enum(['developer', 'platform']),
  name: z.string(),
  organization: z.string(),
  email: z.string(),
});

export function viewOfAccount(account: z.infer<typeof accountView>): z.infer<typeof accountView> {
  const { id, role, name, organization, email } = account;
  return { id, role, name, organization, email };
}
