import {
  Badge,
  Button,
  Card,
  Checkbox,
  ErrorSummary,
  Form,
  Notice,
  Table,
  TextField,
  Time,
  type FieldError,
} from '@payer/ui';
import { errorOf, PortalPage, type SignedInShell } from '../http/portal-page.js';
import { teamRoleRules, teamRoles, type TeamRole } from '../team-roles/team-roles.js';
import type { TeamMember } from './team.service.js';

export interface TeamPageProps extends SignedInShell {
  members: TeamMember[];
  done?: string;
  errors?: FieldError[];
  /** The typed fields of a refused form. */
  typed?: { name?: string; email?: string; roles: readonly string[] };
  /** Whether persons sign in at the plan's provider. */
  hasProvider: boolean;
}

const doneTexts: Record<string, string> = {
  added: 'The person gets a mail with a link to choose a password.',
  changed: 'The account is changed.',
};

export function TeamPage(props: TeamPageProps) {
  const { members, done, errors = [], typed, hasProvider, ...shell } = props;
  const shared = members.find((member) => member.is_shared && member.ended_at === null);
  return (
    <PortalPage title="Team" current="/platform/team" {...shell}>
      <h1>Platform team</h1>
      {done && doneTexts[done] && <Notice tone="good" title={doneTexts[done]} />}
      <ErrorSummary errors={errors} title="Nothing was changed" />
      {shared && members.length > 1 && (
        <Notice tone="warn" title="The shared first account is still open">
          <p>
            {shared.email} belongs to no person, so the audit trail cannot say who acted. End it when each
            person has an account.
          </p>
        </Notice>
      )}
      <Card title="Members">
        <Table
          head={['Name', 'Email', 'Roles', 'Since', '']}
          rows={members.map((member) => [
            <bdi>{member.name}</bdi>,
            <>
              {member.email} {member.has_provider && <Badge>Provider</Badge>}
            </>,
            member.ended_at ? <Badge>Ended</Badge> : titlesOf(member.roles),
            <Time iso={member.created_at} />,
            <a href={`/platform/team/${member.id}`}>
              Change<span class="visually-hidden"> {member.name}</span>
            </a>,
          ])}
        />
      </Card>
      <Card title="Add a person">
        {hasProvider && (
          <p>People who sign in at the plan’s provider need no entry here: the provider gives their roles.</p>
        )}
        <Form action="/platform/team" class="column">
          <TextField
            label="Name"
            name="name"
            value={typed?.name}
            error={errorOf(errors, 'name')}
            autocomplete="off"
            required
          />
          <TextField
            label="Email"
            name="email"
            type="email"
            value={typed?.email}
            error={errorOf(errors, 'email')}
            autocomplete="off"
            required
          />
          <RoleFields chosen={typed?.roles ?? []} error={errorOf(errors, 'roles')} />
          <Button>Add the person</Button>
        </Form>
      </Card>
    </PortalPage>
  );
}

export function TeamMemberPage(props: SignedInShell & { member: TeamMember; errors?: FieldError[] }) {
  const { member, errors = [], ...shell } = props;
  const at = `/platform/team/${member.id}`;
  return (
    <PortalPage title={member.name} current="/platform/team" {...shell}>
      <h1>
        <bdi>{member.name}</bdi>
      </h1>
      <p>{member.email}</p>
      <ErrorSummary errors={errors} title="Nothing was changed" />
      <Card title="What this person may do">
        {member.has_provider && <p>The plan’s provider sets the roles again at the next sign-in.</p>}
        <Form action={at} class="column">
          <RoleFields chosen={member.roles} error={errorOf(errors, 'roles')} />
          <Button>Save the roles</Button>
        </Form>
      </Card>
      <Card title={member.ended_at ? 'Open the account again' : 'End the account'}>
        <p>
          {member.ended_at
            ? 'The person can sign in again with the earlier password.'
            : 'The sessions of the person end at once, and nobody can sign in with this account.'}
        </p>
        <Form action={at}>
          <input type="hidden" name="ended" value={String(member.ended_at === null)} />
          <Button variant={member.ended_at ? 'secondary' : 'danger'}>
            {member.ended_at ? 'Open the account' : 'End the account'}
          </Button>
        </Form>
      </Card>
      <p>
        <a href="/platform/team">Back to the team</a>
      </p>
    </PortalPage>
  );
}

const titlesOf = (roles: readonly TeamRole[]) => roles.map((role) => teamRoleRules[role].title).join(', ');

function RoleFields({ chosen, error }: { chosen: readonly string[]; error?: string }) {
  return (
    <fieldset>
      <legend>Roles</legend>
      {error && (
        <p class="field-error" id="field-roles">
          {error}
        </p>
      )}
      {teamRoles.map((role) => (
        <Checkbox
          key={role}
          label={teamRoleRules[role].title}
          hint={teamRoleRules[role].summary}
          name={`role-${role}`}
          checked={chosen.includes(role)}
        />
      ))}
    </fieldset>
  );
}
