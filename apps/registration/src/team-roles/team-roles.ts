/** The duties of a member of the platform team. Every member may see the desk. */
export type Duty = 'review' | 'converse' | 'suspend' | 'see-grants' | 'audit' | 'report' | 'manage-team';

interface TeamRoleRule {
  title: string;
  /** The purpose of the role, for the page that assigns it. */
  summary: string;
  duties: readonly Duty[];
}

/** The roles of the platform team, one row each. A person may have several. */
export const teamRoleRules = {
  reviewer: {
    title: 'Reviewer',
    summary: 'Decides production requests and changes of approved apps, and suspends apps.',
    duties: ['review', 'converse', 'suspend', 'report'],
  },
  support: {
    title: 'Support',
    summary: 'Answers developers, and finds apps and grants, but decides nothing.',
    duties: ['converse', 'see-grants'],
  },
  auditor: {
    title: 'Auditor',
    summary: 'Reads the audit trail, the grants and the reports, and exports them.',
    duties: ['audit', 'see-grants', 'report'],
  },
  administrator: {
    title: 'Administrator',
    summary: 'Manages the accounts of the team, and suspends apps.',
    duties: ['manage-team', 'suspend', 'report'],
  },
} as const satisfies Record<string, TeamRoleRule>;

export type TeamRole = keyof typeof teamRoleRules;
export const teamRoles = Object.keys(teamRoleRules) as [TeamRole, ...TeamRole[]];

/** Whether one of the roles has the duty. A role that the table does not know has none. */
export function mayDo(roles: readonly string[], duty: Duty): boolean {
  return teamRoles.some(
    (role) => roles.includes(role) && (teamRoleRules[role].duties as readonly Duty[]).includes(duty),
  );
}

/** The titles of the roles that have the duty, for the message to a person who has none of them. */
export const rolesWith = (duty: Duty): string =>
  teamRoles
    .filter((role) => mayDo([role], duty))
    .map((role) => teamRoleRules[role].title)
    .join(' or ');
