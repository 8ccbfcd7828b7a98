import { environments, planRules, plans, type Addresses } from '@payer/smart';
import {
  AppIdentity,
  Badge,
  Breadcrumbs,
  Button,
  Card,
  Checkbox,
  DefinitionList,
  EmptyState,
  ErrorSummary,
  Form,
  Notice,
  RadioGroup,
  Secret,
  Table,
  TextArea,
  TextField,
  Time,
  type FieldError,
} from '@payer/ui';
import type { Activity } from '../activity/activity.service.js';
import type { Actor } from '../developers/actor.js';
import { errorOf, PortalPage } from '../http/portal-page.js';
import type { AppView } from './app-view.js';
import { FirstCall } from './first-call.js';

interface Shell {
  planName: string;
  actor: Actor;
}

export function StatusBadges({ app }: { app: AppView }) {
  if (app.status === 'suspended') return <Badge tone="bad">Suspended</Badge>;
  if (app.status === 'deleted') return <Badge>Deleted</Badge>;
  if (!app.plan) return <Badge tone="warn">Choose a plan</Badge>;
  return (
    <span class="row">
      <Badge tone="good">Sandbox open</Badge>
      {app.environments.includes('production') ? (
        <Badge tone="good">Production open</Badge>
      ) : app.production_request?.status === 'pending' ? (
        <Badge tone="warn">Production in review</Badge>
      ) : app.production_request?.status === 'rejected' ? (
        <Badge tone="warn">Production not approved</Badge>
      ) : (
        <Badge>Production closed</Badge>
      )}
    </span>
  );
}

const planTitle = (app: AppView) => (app.plan ? planRules[app.plan].title : 'No plan yet');

export function AppsPage({ apps, token, ...shell }: Shell & { apps: AppView[]; token?: string }) {
  return (
    <PortalPage title="Your apps" {...shell}>
      <div class="row between">
        <h1>Your apps</h1>
        <a class="button primary" href="/apps/new">
          Create an app
        </a>
      </div>
      {apps.length === 0 ? (
        <EmptyState title="No app yet">
          <p>Create one, choose a plan, and call the sandbox a minute later.</p>
        </EmptyState>
      ) : (
        <Card>
          <Table
            head={['App', 'Plan', 'State']}
            rows={apps.map((app) => [
              <a href={`/apps/${app.client_id}`}>
                <bdi>{app.client_name}</bdi>
              </a>,
              planTitle(app),
              <StatusBadges app={app} />,
            ])}
          />
        </Card>
      )}
      <Card title="Register apps from a program">
        {token ? (
          <>
            <p>Your initial access token (RFC 7591). It is shown only now, works for a day, for ten apps:</p>
            <Secret value={token} />
          </>
        ) : (
          <>
            <p>Dynamic client registration (RFC 7591) at /register needs an initial access token.</p>
            <Form action="/initial-access-token">
              <Button variant="secondary">Issue an initial access token</Button>
            </Form>
          </>
        )}
      </Card>
    </PortalPage>
  );
}

export interface AppFormValues {
  client_name?: string;
  redirect_uris?: string;
  client_uri?: string;
  logo_uri?: string;
  policy_uri?: string;
  tos_uri?: string;
  require_pkce?: string;
}

/** What was typed into a form of the app's page that was refused. */
export interface AppPageValues {
  settings?: AppFormValues;
  use_case?: string;
}

function AppFields({ values, errors }: { values: AppFormValues; errors: readonly FieldError[] }) {
  const uri = (label: string, name: 'client_uri' | 'logo_uri' | 'policy_uri' | 'tos_uri', hint?: string) => (
    <TextField
      label={label}
      name={name}
      type="url"
      value={values[name]}
      error={errorOf(errors, name)}
      hint={hint}
    />
  );
  return (
    <>
      <TextField
        label="Name"
        name="client_name"
        value={values.client_name}
        error={errorOf(errors, 'client_name')}
        hint="Members see it on the consent screen."
        required
      />
      <TextArea
        label="Redirect URIs"
        name="redirect_uris"
        value={values.redirect_uris}
        error={errorOf(errors, 'redirect_uris')}
        hint="One per line, in full. They are compared character for character; a trailing slash counts. https, or http for localhost."
      />
      {uri('Home page', 'client_uri')}
      {uri('Logo', 'logo_uri', 'An https address of a square image.')}
      {uri('Privacy policy', 'policy_uri', 'Members are told when there is none.')}
      {uri('Terms of use', 'tos_uri')}
      <Checkbox
        label="Require PKCE"
        name="require_pkce"
        checked={values.require_pkce === 'true'}
        hint="Refuse authorization requests without it."
      />
    </>
  );
}

export function NewAppPage(
  props: Shell & { values?: AppFormValues & { plan?: string }; errors?: FieldError[] },
) {
  const { values = {}, errors = [], ...shell } = props;
  return (
    <PortalPage title="Create an app" {...shell}>
      <Breadcrumbs items={[{ href: '/', label: 'Apps' }, { label: 'Create an app' }]} />
      <div class="column">
        <h1>Create an app</h1>
        <div class="card">
          <ErrorSummary errors={errors} />
          <Form action="/apps">
            <RadioGroup
              label="Plan"
              name="plan"
              value={values.plan ?? 'patient-access'}
              hint="One plan per app, for good. Need both? Create two apps."
              options={plans.map((plan) => ({
                value: plan,
                label: planRules[plan].title,
                hint: planRules[plan].summary,
              }))}
            />
            <AppFields values={values} errors={errors} />
            <Button>Create the app</Button>
          </Form>
        </div>
      </div>
    </PortalPage>
  );
}

const environmentTitles = { sandbox: 'Sandbox', production: 'Production' };

/** The platform team's brake. */
function Suspension({ app, errors }: { app: AppView; errors: readonly FieldError[] }) {
  const at = `/platform/apps/${app.client_id}`;
  if (app.status === 'suspended')
    return (
      <Card title="Reinstate">
        <p>Opens again what was open before. Access tokens of before the suspension stay refused.</p>
        <Form action={`${at}/reinstate`}>
          <Button>Reinstate the app</Button>
        </Form>
      </Card>
    );
  return (
    <Card title="Suspend">
      <p>Closes both environments for the app at once.</p>
      <Form action={`${at}/suspend`} class="column">
        <TextField
          label="Reason"
          name="reason"
          error={errorOf(errors, 'reason')}
          hint="The developer reads it."
          required
        />
        <Button variant="danger">Suspend the app</Button>
      </Form>
    </Card>
  );
}

export function AppPage(
  props: Shell & {
    app: AppView;
    activity: Activity;
    secret?: string;
    errors?: FieldError[];
    values?: AppPageValues;
    addresses: Addresses;
  },
) {
  const { app, activity, secret, errors = [], values, addresses, ...shell } = props;
  const open = app.environments.includes('production') ? environments : (['sandbox'] as const);
  const at = `/apps/${app.client_id}`;
  const mine = shell.actor.role === 'developer';
  const request = app.production_request;
  const mayAsk =
    mine &&
    app.plan &&
    app.status === 'active' &&
    !app.environments.includes('production') &&
    request?.status !== 'pending';
  return (
    <PortalPage title={app.client_name} {...shell}>
      <Breadcrumbs
        items={[
          mine ? { href: '/', label: 'Apps' } : { href: '/platform/apps', label: 'All apps' },
          { label: app.client_name },
        ]}
      />
      <div class="row between">
        <AppIdentity name={app.client_name} organization={app.organization} logoUri={app.logo_uri} />
        <StatusBadges app={app} />
      </div>
      <h1 class="visually-hidden">{app.client_name}</h1>
      <ErrorSummary errors={errors} title="That did not work" />
      {app.suspension && (
        <Notice tone="bad" title="This app is suspended">
          <p>
            {app.suspension.reason} (since <Time iso={app.suspension.since} withTime />)
          </p>
        </Notice>
      )}
      {secret && (
        <Notice tone="good" title="Your client secret">
          <p>Copy it now: it is shown only this once.</p>
          <Secret value={secret} />
        </Notice>
      )}
      <div class="grid">
        <Card title="Credentials">
          <DefinitionList
            items={[
              { term: 'client_id', value: <code>{app.client_id}</code> },
              { term: 'Plan', value: planTitle(app) },
              ...open.flatMap((environment) => [
                {
                  term: `${environmentTitles[environment]} issuer`,
                  value: <code>{addresses[environment].issuer}</code>,
                },
                {
                  term: `${environmentTitles[environment]} FHIR base`,
                  value: <code>{addresses[environment].fhirBaseUrl}</code>,
                },
              ]),
              ...(app.secrets ?? []).map((held) => ({
                term: 'Secret',
                value: held.expires_at ? (
                  <>
                    replaced; works until <Time iso={held.expires_at} withTime />
                  </>
                ) : (
                  <>
                    since <Time iso={held.created_at} withTime />
                  </>
                ),
              })),
            ]}
          />
          {mine && (
            <Form action={`${at}/secret`}>
              <p class="hint">The old secret works on for a day after you replace it.</p>
              <Button variant="secondary">Replace the secret</Button>
            </Form>
          )}
        </Card>
        <Card title="Production">
          {app.environments.includes('production') ? (
            <p>Approved. The same credentials work at the production base.</p>
          ) : request?.status === 'pending' ? (
            <p>
              {mine ? 'Your request' : 'The request'} of <Time iso={request.created_at} /> is waiting for
              review.
            </p>
          ) : app.status === 'suspended' ? (
            <p>Closed, like the sandbox, while the app is suspended.</p>
          ) : !mine ? (
            <p>{request?.status === 'rejected' ? 'The request was not approved.' : 'Not asked for yet.'}</p>
          ) : (
            <p>
              {request?.status === 'rejected'
                ? 'Your request was not approved. Mend what the note says, then ask again.'
                : 'Ask for production when your integration is ready for review.'}
            </p>
          )}
          {request?.note && (
            <Notice
              tone={request.status === 'rejected' ? 'warn' : 'neutral'}
              title={`The platform team’s note (${request.status})`}
            >
              <p>{request.note}</p>
            </Notice>
          )}
          {mayAsk && (
            <Form action={`${at}/production-request`}>
              <TextArea
                label="What the app does"
                name="use_case"
                rows={3}
                value={values?.use_case}
                error={errorOf(errors, 'use_case')}
                hint="For whom, with which records. The platform team reads it."
              />
              <Button>Request production access</Button>
            </Form>
          )}
        </Card>
      </div>
      {!mine && app.status !== 'deleted' && <Suspension app={app} errors={errors} />}
      {mine && !app.plan && (
        <Card title="Choose a plan">
          <Form action={`${at}/subscription`}>
            <RadioGroup
              label="Plan"
              name="plan"
              options={plans.map((plan) => ({
                value: plan,
                label: planRules[plan].title,
                hint: planRules[plan].summary,
              }))}
            />
            <Button>Subscribe</Button>
          </Form>
        </Card>
      )}
      {mine && app.plan && <FirstCall app={app} addresses={addresses.sandbox} />}
      <Card title="Failed authorization attempts">
        {activity.failed_authorizations.length === 0 ? (
          <p class="muted">None.</p>
        ) : (
          <Table
            head={['When', 'Environment', 'Error', 'Why', 'redirect_uri']}
            rows={activity.failed_authorizations
              .slice(0, 20)
              .map((attempt) => [
                <Time iso={attempt.at} withTime />,
                attempt.environment,
                attempt.error,
                attempt.detail,
                attempt.redirect_uri ? <code>{attempt.redirect_uri}</code> : '',
              ])}
          />
        )}
      </Card>
      <Card title="Traffic of the last 30 days">
        {activity.traffic.length === 0 ? (
          <p class="muted">No calls yet.</p>
        ) : (
          <Table
            head={['Day', 'Environment', 'Requests', 'Refused or failed']}
            rows={activity.traffic.map((day) => [
              day.day,
              day.environment,
              String(day.requests),
              String(day.errors),
            ])}
          />
        )}
      </Card>
      {mine && (
        <Card title="Settings">
          <Form action={`${at}/settings`} class="column">
            <AppFields
              errors={errors}
              values={
                values?.settings ?? {
                  client_name: app.client_name,
                  redirect_uris: app.redirect_uris.join('\n'),
                  client_uri: app.client_uri ?? '',
                  logo_uri: app.logo_uri ?? '',
                  policy_uri: app.policy_uri ?? '',
                  tos_uri: app.tos_uri ?? '',
                  require_pkce: String(app.require_pkce),
                }
              }
            />
            <Button>Save</Button>
          </Form>
        </Card>
      )}
      {mine && (
        <Card title="Delete">
          <p>Its credentials and tokens stop working at once, in both environments. This cannot be undone.</p>
          <Form action={`${at}/delete`}>
            <Checkbox
              label="Yes, end this app for good"
              name="confirm_deletion"
              error={errorOf(errors, 'confirm_deletion')}
            />
            <Button variant="danger">Delete this app</Button>
          </Form>
        </Card>
      )}
    </PortalPage>
  );
}
