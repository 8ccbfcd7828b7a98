import { z } from 'zod';
import { emailAddress, kindOf, plainLine } from '../developers/account-fields.js';
import { organizationRoles } from '../organization-rights/organization-rights.js';

const role = z.enum(organizationRoles, `must be one of ${organizationRoles.join(', ')}`);

/** Body of `POST /api/organizations`. */
export const newOrganizationBody = z.object({ name: plainLine(100) });

/** Body of `PATCH /api/organizations/:organization_id`. */
export const renamedOrganizationBody = newOrganizationBody;

/** Body of `POST /api/organizations/:organization_id/invitations`. */
export const invitationBody = z.object({ email: emailAddress, role });
export type NewInvitation = z.infer<typeof invitationBody>;

/** Body of `PATCH /api/organizations/:organization_id/members/:account_id`. */
export const memberRoleBody = z.object({ role });

/** Body of `POST /api/invitations`. */
export const acceptBody = z.object({
  token: z.string(kindOf('a text')).min(1, 'must not be empty').max(200),
});

/** An organization of the actor. */
export const organizationView = z.object({ id: z.uuid(), name: z.string(), role });
export type OrganizationView = z.infer<typeof organizationView>;

export const organizationMemberView = z.object({
  account_id: z.uuid(),
  name: z.string(),
  email: z.string(),
  role,
  joined_at: z.date(),
});
export type OrganizationMember = z.infer<typeof organizationMemberView>;

/** An invitation that was neither accepted nor withdrawn and has not expired. */
export const invitationView = z.object({
  id: z.uuid(),
  email: z.string(),
  role,
  invited_by: z.string(),
  created_at: z.date(),
  expires_at: z.date(),
});
export type InvitationView = z.infer<typeof invitationView>;

/** One act in the history of an organization: who did what to which app or person. */
export const organizationActView = z.object({
  at: z.date(),
  actor: z.string().describe('Email of the member, or “platform team”'),
  action: z.string(),
  client_id: z.string().nullable(),
  client_name: z.string().nullable(),
  person: z.string().nullable().describe('Email of the person whose membership changed'),
  role: z.string().nullable(),
  new_name: z.string().nullable().describe('New name of the organization'),
});
export type OrganizationAct = z.infer<typeof organizationActView>;
