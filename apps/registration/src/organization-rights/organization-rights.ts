/** The rights of a member of an organization, on the organization and its apps. */
export type OrganizationRight = 'see' | 'develop' | 'manage';

interface OrganizationRoleRule {
  title: string;
  /** The purpose of the role, for the form that assigns it. */
  summary: string;
  rights: readonly OrganizationRight[];
}

/** The roles in an organization, one row each. A member has one role in each organization. */
export const organizationRoleRules = {
  admin: {
    title: 'Admin',
    summary: 'Invites and removes people, assigns roles, and develops the apps.',
    rights: ['see', 'develop', 'manage'],
  },
  developer: {
    title: 'Developer',
    summary: 'Creates, changes and deletes apps, and asks for production.',
    rights: ['see', 'develop'],
  },
  viewer: {
    title: 'Viewer',
    summary: 'Sees the apps and their activity, and changes nothing.',
    rights: ['see'],
  },
} as const satisfies Record<string, OrganizationRoleRule>;

export type OrganizationRole = keyof typeof organizationRoleRules;
export const organizationRoles = Object.keys(organizationRoleRules) as [
  OrganizationRole,
  ...OrganizationRole[],
];

/** The role of an account in an organization. */
export interface Membership {
  organization_id: string;
  role: OrganizationRole;
}

/** The role in the organization. Undefined for a stranger, and for an app without an organization. */
export const roleIn = (
  { memberships = [] }: { memberships?: readonly Membership[] },
  organizationId: string | null,
): OrganizationRole | undefined =>
  memberships.find(({ organization_id }) => organization_id === organizationId)?.role;

/** Whether the role has the right. A role that the table does not know has none. */
export function roleAllows(role: string | undefined, right: OrganizationRight): boolean {
  const known = organizationRoles.find((one) => one === role);
  return known !== undefined && (organizationRoleRules[known].rights as readonly string[]).includes(right);
}

/** The titles of the roles that have the right, for the message to a person who has none of them. */
export const rolesAllowing = (right: OrganizationRight): string =>
  organizationRoles
    .filter((role) => roleAllows(role, right))
    .map((role) => organizationRoleRules[role].title)
    .join(' or ');
