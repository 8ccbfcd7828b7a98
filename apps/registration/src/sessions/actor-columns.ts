/** Columns of `account` that make an Actor, memberships included, the oldest membership first. */
export const actorColumns = `account.id, account.role, account.name, account.organization, account.email,
  account.team_roles,
  coalesce((SELECT json_agg(json_build_object('organization_id', member.organization_id, 'role', member.role)
                            ORDER BY member.joined_at, member.organization_id)
            FROM organization_member AS member WHERE member.account_id = account.id), '[]') AS memberships`;
