import { environmentRule, planRules, redirectHost, trialEnvironment, type Plan } from '@payer/smart';
import {
  Badge,
  Breadcrumbs,
  Button,
  Card,
  DefinitionList,
  ErrorSummary,
  Form,
  Grid,
  Notice,
  Table,
  TextArea,
  Time,
} from '@payer/ui';
import type { Activity } from '../activity/activity.service.js';
import type { RequestView } from '../activity/app-requests.js';
import { kindTitles } from '../activity/request-card.js';
import { TrafficChart } from '../activity/traffic-chart.js';
import type { AppView } from '../apps/app-view.js';
import { hasDuty } from '../sessions/duties.js';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';
import { statusTitles } from '../request-record/production-request.entity.js';
import type { RequestWithHistory } from '../request-record/production-request-view.js';
import { answerText, questionGroups, type AnswerName, type Question } from '../request-record/questions.js';
import { RequestTimeline } from '../production-requests/request-timeline.js';
import { DecisionForms, summaryOf, type RefusedDecision } from './decision-forms.js';

export interface RequestPageProps extends SignedInShell {
  request: RequestWithHistory;
  earlier: readonly RequestWithHistory[];
  app: AppView;
  developer: { name: string; email: string; created_at: Date; apps: number };
  activity: Activity;
  failures: readonly RequestView[];
  due: Date | null;
  refused?: RefusedDecision;
  isSent?: boolean;
}

/** A production request in full: the answers beside the registered app, its sandbox activity, its history. */
export function RequestPage(props: RequestPageProps) {
  const { request, earlier, app, developer, activity, failures, due, refused, isSent, ...shell } = props;
  const { actor } = shell;
  const at = `/platform/requests/${request.id}`;
  const isOverdue = due !== null && due < new Date();
  return (
    <PortalPage title={`Request of ${app.client_name}`} current="/" {...shell}>
      <Breadcrumbs items={[{ href: '/', label: 'Requests' }, { label: app.client_name }]} />
      <div class="row between">
        <h1>
          <bdi>{app.client_name}</bdi>
        </h1>
        <span class="row">
          <Badge tone={request.status === 'pending' ? 'warn' : 'neutral'}>
            {statusTitles[request.status]}
          </Badge>
          {request.appealed_at && <Badge tone="warn">Appeal</Badge>}
          {isOverdue && <Badge tone="bad">Overdue</Badge>}
        </span>
      </div>
      {isSent && <Notice tone="good" title="The message is sent" />}
      {refused && <ErrorSummary errors={summaryOf(refused)} title="That did not work" />}
      {app.status !== 'active' && <Notice tone="bad" title={`The app is ${app.status}`} />}
      {request.missing.length > 0 && (
        <Notice tone="warn" title={`${request.missing.length} needed answers are missing`} />
      )}
      <Grid>
        <Card title="Registered app">
          <RegisteredApp app={app} developer={developer} due={due} />
        </Card>
        <Card title={`${environmentRule(trialEnvironment).title} activity`}>
          <SandboxActivity app={app} activity={activity} failures={failures} />
        </Card>
      </Grid>
      {questionGroups.map((group) => (
        <Card key={group.title} title={group.title}>
          <DefinitionList
            items={group.questions.map((question: Question) => ({
              term: question.label,
              value: <Answer question={question} request={request} />,
            }))}
          />
        </Card>
      ))}
      <RequestTimeline title="History and conversation" history={request.history} />
      {earlier.map((one) => (
        <RequestTimeline
          key={one.id}
          title={`Earlier request: ${statusTitles[one.status].toLowerCase()}`}
          history={one.history}
        />
      ))}
      {hasDuty(actor, 'converse') && (
        <Card title="Write to the developer">
          <Form action={`${at}/messages`} class="column">
            <TextArea label="Message" name="text" rows={3} />
            <Button variant="secondary">Send</Button>
          </Form>
        </Card>
      )}
      {request.status === 'pending' && hasDuty(actor, 'review') && (
        <DecisionForms
          action={at}
          refused={refused}
          approval={{ app_version: String(app.version) }}
          approveLabel="Approve"
          canAskBack
        />
      )}
    </PortalPage>
  );
}

function Answer({ question, request }: { question: Question; request: RequestWithHistory }) {
  const text = answerText(question.name as AnswerName, request.answers);
  if (!text)
    return question.isNeeded ? <Badge tone="warn">Missing</Badge> : <span class="muted">no answer</span>;
  if (question.kind !== 'url') return <span class="words">{text}</span>;
  return (
    <a href={text} rel="noopener noreferrer nofollow">
      {text}
    </a>
  );
}

function RegisteredApp(props: { app: AppView; developer: RequestPageProps['developer']; due: Date | null }) {
  const { app, developer, due } = props;
  const page = (uri: string | null) =>
    uri ? (
      <a href={uri} rel="noopener noreferrer nofollow">
        {uri}
      </a>
    ) : (
      'none'
    );
  return (
    <DefinitionList
      items={[
        { term: 'client_id', value: <a href={`/apps/${app.client_id}`}>{app.client_id}</a> },
        { term: 'Plan', value: app.plan ? planRules[app.plan as Plan].title : 'none' },
        { term: 'Organization', value: <bdi>{app.organization}</bdi> },
        {
          term: 'Developer',
          value: (
            <>
              <bdi>{developer.name}</bdi>, {developer.email}, {developer.apps} app
              {developer.apps === 1 ? '' : 's'}, since <Time iso={developer.created_at} />
            </>
          ),
        },
        { term: 'Redirect URIs', value: <RedirectUris uris={app.redirect_uris} /> },
        { term: 'Home page', value: page(app.client_uri) },
        { term: 'Privacy policy', value: page(app.policy_uri) },
        { term: 'Terms of use', value: page(app.tos_uri) },
        { term: 'Client authentication', value: app.token_endpoint_auth_method },
        { term: 'PKCE', value: app.require_pkce ? 'required by the app' : 'not required by the app' },
        {
          term: 'Pushed requests',
          value: app.require_pushed_authorization_requests
            ? 'required by the app'
            : 'not required by the app',
        },
        {
          term: 'Tokens',
          value: app.dpop_bound_access_tokens ? 'bound to a key (DPoP)' : 'bearer tokens',
        },
        { term: 'Attestation', value: app.attested ? 'given' : 'not given; members read that' },
        ...(due ? [{ term: 'Decision due', value: <Time iso={due} /> }] : []),
      ]}
    />
  );
}

const localHosts = /^(localhost|127\.|\[::1\])/;

function RedirectUris({ uris }: { uris: readonly string[] }) {
  if (uris.length === 0) return <>none</>;
  return (
    <ul class="plain">
      {uris.map((uri) => (
        <li key={uri}>
          <code>{uri}</code>{' '}
          {localHosts.test(redirectHost(uri)) && <Badge tone="warn">Only on the developer’s machine</Badge>}
        </li>
      ))}
    </ul>
  );
}

function SandboxActivity(props: { app: AppView; activity: Activity; failures: readonly RequestView[] }) {
  const { app, activity, failures } = props;
  const traffic = activity.traffic.filter(({ environment }) => environment === trialEnvironment);
  return (
    <>
      {traffic.length === 0 ? (
        <p>The app has sent no FHIR request to the {environmentRule(trialEnvironment).title} in 30 days.</p>
      ) : (
        <TrafficChart traffic={traffic} />
      )}
      {failures.length > 0 && (
        <>
          <h3>Latest failures</h3>
          <Table
            head={['When', 'Request', 'Error']}
            rows={failures.map((failure) => [
              <Time iso={failure.at} withTime />,
              kindTitles[failure.kind],
              failure.error ?? String(failure.status),
            ])}
          />
        </>
      )}
      <p>
        <a href={`/apps/${app.client_id}/activity?environment=${trialEnvironment}`}>
          All requests of the app
        </a>
      </p>
    </>
  );
}
