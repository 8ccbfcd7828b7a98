import {
  Button,
  Card,
  Confirmation,
  ErrorSummary,
  Form,
  Notice,
  RadioGroup,
  Select,
  Table,
  TextField,
  Time,
  type FieldError,
} from '@payer/ui';
import { errorOf, PortalPage, type SignedInShell } from '../http/portal-page.js';
import type { Act } from '../audit-sentences/act.js';
import { sentenceOf } from '../audit-sentences/audit-sentences.js';
import { SentenceText } from '../audit-sentences/sentence.js';
import {
  organizationRoleRules,
  organizationRoles,
  roleAllows,
} from '../organization-rights/organization-rights.js';
import { platformTeam } from './organization-acts.js';
import type {
  InvitationView,
  OrganizationAct,
  OrganizationMember,
  OrganizationView,
} from './organization-fields.js';

export const organizationAddress = (id: string) => `/organizations/${id}`;

/** Acts that the page confirms after a redirect. */
export const organizationActs = {
  created: 'The organization is created.',
  renamed: 'The organization has its new name.',
  invited: 'The invitation is on its way by mail.',
  withdrawn: 'The invitation is withdrawn. Its link no longer works.',
  changed: 'The role is changed.',
  removed: 'The member is removed.',
  joined: 'You belong to the organization now.',
};

const roleOptions = organizationRoles.map((role) => ({
  value: role,
  label: organizationRoleRules[role].title,
  hint: organizationRoleRules[role].summary,
}));

export interface OrganizationPageProps extends SignedInShell {
  organization: OrganizationView;
  members: readonly OrganizationMember[];
  /** Empty for members who may not invite. */
  invitations: readonly InvitationView[];
  history: readonly OrganizationAct[];
  errors?: readonly FieldError[];
  done?: string | undefined;
  typed?: Record<string, string | undefined> | undefined;
}

/** An organization: its members, invitations and history. */
export function OrganizationPage(props: OrganizationPageProps) {
  const { organization, members, invitations, history, errors = [], done, typed, ...shell } = props;
  const mayManage = roleAllows(organization.role, 'manage');
  return (
    <PortalPage title={organization.name} current="/organizations" {...shell}>
      <h1 class="words">{organization.name}</h1>
      <p class="lead">Your role: {organizationRoleRules[organization.role].title}</p>
      {done && <Notice tone="good" title={done} />}
      <ErrorSummary errors={errors} title="Nothing was changed" />
      <Card title="Members">
        <Table
          head={['Name', 'Email', 'Role', 'Since', '']}
          rows={members.map((member) => memberRow(organization, member, mayManage, shell.actor.id))}
        />
      </Card>
      {mayManage && <NameCard {...{ organization, errors, typed }} />}
      {mayManage && (
        <InvitationCards at={organizationAddress(organization.id)} {...{ invitations, errors, typed }} />
      )}
      <History history={history} organization={organization.name} />
    </PortalPage>
  );
}

function NameCard({
  organization,
  errors,
  typed,
}: Required<Pick<OrganizationPageProps, 'organization' | 'errors'>> & Pick<OrganizationPageProps, 'typed'>) {
  return (
    <Card title="Name">
      <Form action={`${organizationAddress(organization.id)}/name`} class="column">
        <TextField
          label="Name of the organization"
          name="name"
          id="organization-name"
          value={typed?.name ?? organization.name}
          error={errorOf(errors, 'name')}
          hint={
            'Members of the health plan see it on the consent screen. Apps in production keep the reviewed name ' +
            'until the platform team approves the new one.'
          }
          required
        />
        <Button variant="secondary">Rename the organization</Button>
      </Form>
    </Card>
  );
}

function memberRow(
  organization: OrganizationView,
  member: OrganizationMember,
  mayManage: boolean,
  ownId: string,
) {
  const at = `${organizationAddress(organization.id)}/members/${member.account_id}`;
  const isOwn = member.account_id === ownId;
  return [
    <bdi>{member.name}</bdi>,
    <bdi class="words">{member.email}</bdi>,
    mayManage ? (
      <Form action={at} class="row">
        <Select
          label={`Role of ${member.name}`}
          name="role"
          id={`role-${member.account_id}`}
          value={member.role}
          options={roleOptions.map(({ value, label }) => ({ value, label }))}
        />
        <Button variant="secondary">Change</Button>
      </Form>
    ) : (
      organizationRoleRules[member.role].title
    ),
    <Time iso={member.joined_at} />,
    mayManage || isOwn ? (
      <a href={`${at}/remove`}>
        {isOwn ? 'Leave' : 'Remove'}
        <span class="visually-hidden"> {isOwn ? organization.name : member.name}</span>
      </a>
    ) : (
      ''
    ),
  ];
}

function InvitationCards(props: {
  at: string;
  invitations: readonly InvitationView[];
  errors: readonly FieldError[];
  typed: Record<string, string | undefined> | undefined;
}) {
  const { at, invitations, errors, typed } = props;
  return (
    <>
      {invitations.length > 0 && (
        <Card title="Open invitations">
          <Table
            head={['Email', 'Role', 'Works until', '']}
            rows={invitations.map((invitation) => [
              <bdi class="words">{invitation.email}</bdi>,
              organizationRoleRules[invitation.role].title,
              <Time iso={invitation.expires_at} withTime />,
              <Form action={`${at}/invitations/${invitation.id}/withdraw`}>
                <Button variant="secondary">
                  Withdraw<span class="visually-hidden"> the invitation of {invitation.email}</span>
                </Button>
              </Form>,
            ])}
          />
        </Card>
      )}
      <Card title="Invite a colleague">
        <Form action={`${at}/invitations`} class="column">
          <TextField
            label="Email"
            name="email"
            type="email"
            value={typed?.email}
            error={errorOf(errors, 'email')}
            hint="The person gets a link that works once, for seven days, with this address."
            autocomplete="off"
            required
          />
          <RadioGroup
            label="Role"
            name="role"
            value={typed?.role ?? 'developer'}
            error={errorOf(errors, 'role')}
            options={roleOptions}
          />
          <Button>Send the invitation</Button>
        </Form>
      </Card>
    </>
  );
}

/** An act of the history, for its sentence. A person of the platform team is not named. */
function sentenceAct(act: OrganizationAct, organization: string): Act {
  const { action, actor, client_id, client_name, person, role, new_name } = act;
  const isTeam = actor === platformTeam;
  return {
    action,
    actor_role: isTeam ? 'platform' : 'developer',
    actor: isTeam ? null : actor,
    app: client_id ? { text: client_name ?? client_id, href: `/apps/${client_id}` } : null,
    sub: null,
    organization,
    environment: null,
    detail: { person, role, new_name },
  };
}

function History({ history, organization }: { history: readonly OrganizationAct[]; organization: string }) {
  return (
    <Card title="History">
      {history.length === 0 ? (
        <p>Nothing has happened yet.</p>
      ) : (
        <ol class="timeline">
          {history.map((act, index) => (
            <li key={index}>
              <p>
                <SentenceText sentence={sentenceOf(sentenceAct(act, organization))} />{' '}
                <span class="muted">
                  <Time iso={act.at} withTime />
                </span>
              </p>
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

/** The organizations of a person who belongs to several, or to none. */
export function OrganizationsPage(
  props: SignedInShell & {
    organizations: readonly OrganizationView[];
    errors?: readonly FieldError[];
    typedName?: string;
  },
) {
  const { organizations, errors = [], typedName, ...shell } = props;
  return (
    <PortalPage title="Organizations" current="/organizations" {...shell}>
      <h1>Your organizations</h1>
      {organizations.length === 0 ? (
        <p>You belong to no organization. Create one, or ask a colleague for an invitation.</p>
      ) : (
        <Card>
          <Table
            head={['Organization', 'Your role']}
            rows={organizations.map(({ id, name, role }) => [
              <a href={organizationAddress(id)}>
                <bdi>{name}</bdi>
              </a>,
              organizationRoleRules[role].title,
            ])}
          />
        </Card>
      )}
      <Card title="Create another organization">
        <ErrorSummary errors={errors} title="The organization was not created" />
        <Form action="/organizations" class="column">
          <TextField
            label="Name"
            name="name"
            id="organization-name"
            value={typedName}
            error={errorOf(errors, 'name')}
            hint="Members of the health plan see it on the consent screen."
            required
          />
          <Button variant="secondary">Create the organization</Button>
        </Form>
      </Card>
    </PortalPage>
  );
}

export function RemoveMemberPage(
  props: SignedInShell & { organization: OrganizationView; member: OrganizationMember },
) {
  const { organization, member, ...shell } = props;
  const isOwn = member.account_id === shell.actor.id;
  const title = isOwn ? `Leave ${organization.name}?` : `Remove ${member.name}?`;
  const at = organizationAddress(organization.id);
  return (
    <PortalPage title={title} current="/organizations" {...shell}>
      <div class="column">
        <h1 class="words">{title}</h1>
        <Confirmation
          effects={[
            `${isOwn ? 'You' : member.name} can no longer reach the apps of ${organization.name}.`,
            'The apps, their credentials and their members’ grants stay as they are.',
            'Secrets that the person has copied keep working. Replace them on the apps’ pages.',
          ]}
          action={`${at}/members/${member.account_id}/remove`}
          button={isOwn ? 'Leave the organization' : 'Remove this member'}
          back={{ href: at, label: isOwn ? 'Stay' : 'Keep the member' }}
        />
      </div>
    </PortalPage>
  );
}
