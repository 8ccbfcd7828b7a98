import { environmentRule, environments, planRules, trialEnvironment, type Addresses } from '@payer/smart';
import { Button, Card, DefinitionList, Form, TextField, Url, type FieldError } from '@payer/ui';
import { mayDevelop } from '../apps/app-access.js';
import { PlanChoice } from '../apps/app-fields.js';
import { isOpenByApproval } from '../apps/app-state.js';
import type { AppView } from '../apps/app-view.js';
import { planTitle } from '../apps/status-badges.js';
import { hasDuty } from '../sessions/duties.js';
import { errorOf } from '../http/portal-page.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';
import { FirstCall } from './first-call.js';
import { NewSecret } from './new-secret.js';
import { tabAddress } from './tabs.js';

/** The app's state and its next step. */
export function OverviewPage(props: AppFrameProps & { addresses: Addresses; secret?: string }) {
  const { app, addresses, secret, actor, errors = [] } = props;
  const isDeveloper = mayDevelop(actor, app);
  return (
    <AppFrame tab="overview" {...props}>
      {secret && <NewSecret clientId={app.client_id} secret={secret} />}
      {isDeveloper && app.status === 'active' && <NextStep app={app} />}
      <Card title="Addresses">
        <DefinitionList
          items={[
            { term: 'client_id', value: <code>{app.client_id}</code> },
            { term: 'Plan', value: planTitle(app) },
            ...environments.flatMap((environment) => [
              {
                term: `${environmentRule(environment).title} issuer`,
                value: <Url>{addresses[environment].issuer}</Url>,
              },
              {
                term: `${environmentRule(environment).title} FHIR base`,
                value: <Url>{addresses[environment].fhirBaseUrl}</Url>,
              },
            ]),
          ]}
        />
      </Card>
      {isDeveloper && app.plan && app.status === 'active' && (
        <FirstCall app={app} addresses={addresses[trialEnvironment]} />
      )}
      {hasDuty(actor, 'suspend') && app.status !== 'deleted' && <Suspension app={app} errors={errors} />}
    </AppFrame>
  );
}

/** The next step of the developer. */
function NextStep({ app }: { app: AppView }) {
  if (!app.plan)
    return (
      <Card title="Next: choose a plan">
        <Form action={`/apps/${app.client_id}/subscription`}>
          <PlanChoice />
          <Button>Subscribe</Button>
        </Form>
      </Card>
    );
  if (isOpenByApproval(app))
    return (
      <Card title="The app is in production">
        <p>
          The same credentials work at the production addresses below.{' '}
          <a href={tabAddress(app.client_id, 'activity')}>See the app’s requests</a>.
        </p>
      </Card>
    );
  const flow =
    planRules[app.plan].patientClaim === 'required'
      ? 'A synthetic member signs in and says yes. You then see each request, each answer and the member’s records.'
      : 'The portal asks for a token. You then see each request, each answer and the directory.';
  return (
    <Card title="Next: try it">
      <p>{flow}</p>
      <Form action={`/apps/${app.client_id}/try-it`}>
        <Button>Try it in the sandbox</Button>
      </Form>
      <p class="muted">
        When your app works in the sandbox,{' '}
        <a href={tabAddress(app.client_id, 'production')}>request production access</a>.
      </p>
    </Card>
  );
}

/** The platform team's form that suspends or reinstates the app. */
function Suspension({ app, errors }: { app: AppView; errors: readonly FieldError[] }) {
  const at = `/platform/apps/${app.client_id}`;
  if (app.status === 'suspended')
    return (
      <Card title="Reinstate">
        <p>
          Reinstating opens the environments that were open before. Access tokens from before the suspension
          stay refused.
        </p>
        <Form action={`${at}/reinstate`} class="column">
          <TextField label="Reason (optional)" name="reason" hint="For the audit trail and the developer." />
          <Button>Reinstate the app</Button>
        </Form>
      </Card>
    );
  return (
    <Card title="Suspend">
      <p>
        A suspension closes all environments for the app at once. Every access token issued so far is refused
        for good. The developer reads the reason.
      </p>
      <Form action={`${at}/suspend`} class="column">
        <TextField label="Reason" name="reason" error={errorOf(errors, 'reason')} required />
        <Button variant="danger">Suspend the app</Button>
      </Form>
    </Card>
  );
}
