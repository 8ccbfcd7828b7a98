import type { Environment } from '@payer/smart';
import {
  AppIdentity,
  Badge,
  Button,
  Card,
  DefinitionList,
  EmptyState,
  Form,
  Notice,
  Page,
  renderPage,
  Table,
  Time,
} from '@payer/ui';
import type { ListedGrant } from '../grants/grants.js';

export interface ConnectedApp {
  client_id: string;
  name: string;
  organization: string | null;
  logoUri: string | null;
  suspended: boolean;
  /** Its live grants, newest first. */
  grants: ListedGrant[];
}

export interface ConnectedAppsPageProps {
  planName: string;
  environment: Environment;
  memberName: string;
  apps: ConnectedApp[];
  /** Apps of which nobody can say now whether they took the member's yes. */
  unconfirmed: ConnectedApp[];
  ended: ListedGrant[];
  /** Name of an app that was just disconnected. */
  disconnected?: string;
}

const endedBecause: Record<string, string> = {
  member: 'You disconnected it',
  expired: 'The time you gave it was over',
  'token-reuse': 'We ended it: somebody used an old key of the app',
  restore: 'We ended it when we restored our records, to be safe',
  app: 'The app ended it',
  platform: 'The app is no longer offered',
};

const whyEnded = ({ confirm_by, confirmed_at, revoked_reason }: ListedGrant) =>
  revoked_reason === 'expired' && confirm_by && !confirmed_at
    ? 'The app never came back for your answer'
    : (endedBecause[revoked_reason ?? ''] ?? '');

const earliest = (dates: Date[]) => new Date(Math.min(...dates.map(Number)));
const latest = (dates: Date[]) => new Date(Math.max(...dates.map(Number)));

function AppCard(props: { app: ConnectedApp; environment: Environment; isUnconfirmed?: boolean }) {
  const { app, environment, isUnconfirmed = false } = props;
  const used = app.grants.map((grant) => grant.last_used).filter((date) => date !== null);
  return (
    <Card>
      <div class="row between">
        <AppIdentity name={app.name} organization={app.organization} logoUri={app.logoUri} />
        {isUnconfirmed && <Badge tone="neutral">Not confirmed yet</Badge>}
        {app.suspended && <Badge tone="warn">Suspended by your plan</Badge>}
      </div>
      <DefinitionList
        items={[
          { term: 'Can see', value: 'Your health and insurance records, and who you are' },
          {
            term: 'Connected since',
            value: <Time iso={earliest(app.grants.map((grant) => grant.created_at))} />,
          },
          { term: 'Until', value: <Time iso={latest(app.grants.map((grant) => grant.expires_at))} /> },
          { term: 'Last used', value: used.length > 0 ? <Time iso={latest(used)} withTime /> : 'Not yet' },
        ]}
      />
      <Form action={`/${environment}/disconnect`}>
        <input type="hidden" name="client_id" value={app.client_id} />
        <Button variant="danger">
          Disconnect <bdi>{app.name}</bdi>
        </Button>
      </Form>
    </Card>
  );
}

function ConnectedAppsPage(props: ConnectedAppsPageProps) {
  const { planName, environment, memberName, apps, unconfirmed, ended, disconnected } = props;
  return (
    <Page
      title="Connected apps"
      area="member"
      planName={planName}
      environment={environment}
      signedIn={{ label: memberName, signOutAction: `/${environment}/sign-out` }}
    >
      <h1>Connected apps</h1>
      {disconnected && (
        <Notice tone="good" title={`${disconnected} is disconnected`}>
          <p>
            It can no longer read your records here. What it has read before stays with the app; ask its
            makers to delete it.
          </p>
        </Notice>
      )}
      {apps.length + unconfirmed.length === 0 ? (
        <EmptyState title="No app is connected">
          <p>When you let an app see your records, you find it here and can disconnect it at any moment.</p>
        </EmptyState>
      ) : (
        apps.map((app) => <AppCard key={app.client_id} app={app} environment={environment} />)
      )}
      {unconfirmed.map((app) => (
        <AppCard key={app.client_id} app={app} environment={environment} isUnconfirmed />
      ))}
      {ended.length > 0 && (
        <Card title="Ended connections">
          <Table
            head={['App', 'Ended', 'Why']}
            rows={ended.map((grant) => [
              <bdi>{grant.client_name}</bdi>,
              <Time iso={grant.revoked_at ?? grant.expires_at} />,
              whyEnded(grant),
            ])}
          />
        </Card>
      )}
    </Page>
  );
}

export function renderConnectedAppsPage(props: ConnectedAppsPageProps): string {
  return renderPage(<ConnectedAppsPage {...props} />);
}

export function renderSignedOutPage(planName: string, environment: Environment): string {
  return renderPage(
    <Page title="Signed out" area="member" planName={planName} environment={environment}>
      <h1>You are signed out</h1>
      <Card>
        <p>Apps that you have connected stay connected.</p>
        <p>
          <a href={`/${environment}/`}>Sign in again</a>
        </p>
      </Card>
    </Page>,
  );
}
