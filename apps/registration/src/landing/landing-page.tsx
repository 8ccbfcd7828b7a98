import {
  environmentRule,
  environments,
  planRules,
  plans,
  trialEnvironment,
  type Addresses,
} from '@payer/smart';
import { Badge, Button, Card, Form, Grid, Table, Url } from '@payer/ui';
import { PortalPage } from '../http/portal-page.js';
import type { ServiceState } from './service-status.js';

interface Props {
  planName: string;
  addresses: Addresses;
  states: readonly ServiceState[];
  contact: string;
}

/** The possible apps, the shortest way to a first call, the state of the services, and the contact. */
export function FrontDoor({ planName, addresses, states, contact }: Props) {
  return (
    <PortalPage title="Developers" planName={planName}>
      <h1>Build with {planName} data</h1>
      <p class="lead">
        Members share their health records with your app when they agree. The provider directory is open to
        every registered app. Both speak SMART on FHIR, and both are free of charge.
      </p>
      <p class="row">
        <a class="button primary" href="/sign-up">
          Sign up
        </a>
        <a class="button secondary" href="/docs/">
          Read the documentation
        </a>
      </p>
      <Grid>
        {plans.map((plan) => (
          <section class="card" key={plan}>
            <h2>{planRules[plan].title}</h2>
            <p>{planRules[plan].summary}</p>
            <Form action="/demo">
              <div class="row">
                <Button variant="secondary" name="plan" value={plan}>
                  Try <span class="visually-hidden">the {planRules[plan].title} </span>without an account
                </Button>
                <a href={`/docs/flows#${plan}`}>See its requests</a>
              </div>
            </Form>
          </section>
        ))}
      </Grid>
      <Grid>
        <ShortestWay />
        <WhereToStart addresses={addresses} />
      </Grid>
      <Status states={states} />
      <Card title="Contact">
        <p>
          Questions about access, or about an answer that you did not expect:{' '}
          <a href={`mailto:${contact}`}>{contact}</a>. Name the <code>X-Request-Id</code> of the answer, and
          never send a token or a secret.
        </p>
      </Card>
    </PortalPage>
  );
}

function ShortestWay() {
  return (
    <Card title="The shortest way in">
      <ol class="steps">
        <li>Sign up. No approval is needed for the sandbox.</li>
        <li>Create an app. You get its client_id and client_secret at once.</li>
        <li>Press “Try it”, sign in as a synthetic member and say yes. You see the first FHIR answer.</li>
        <li>Request production access when your app works. The platform team reviews each request.</li>
      </ol>
    </Card>
  );
}

function WhereToStart({ addresses }: { addresses: Addresses }) {
  return (
    <Card title="Addresses">
      <dl>
        {environments.map((environment) => (
          <>
            <dt>{environmentRule(environment).title}</dt>
            <dd>
              <Url>{addresses[environment].fhirBaseUrl}</Url>
            </dd>
            {environment === trialEnvironment && <Endpoints of={addresses[environment].fhirBaseUrl} />}
          </>
        ))}
        <dt>References</dt>
        <dd>
          <a href="/docs/fhir">FHIR API</a>, <a href="/docs/api#portal-api">portal API</a>
        </dd>
      </dl>
    </Card>
  );
}

function Endpoints({ of: fhirBaseUrl }: { of: string }) {
  return (
    <>
      <dt>Its endpoints</dt>
      <dd>
        <a href={`${fhirBaseUrl}/.well-known/smart-configuration`}>SMART configuration</a>,{' '}
        <a href={`${fhirBaseUrl}/metadata`}>CapabilityStatement</a>
      </dd>
    </>
  );
}

function Status({ states }: { states: readonly ServiceState[] }) {
  const services = [...new Set(states.map(({ service }) => service))];
  const isAllUp = states.every(({ is_up }) => is_up);
  return (
    <section class="card" id="status">
      <h2>Status of the services</h2>
      <p>{isAllUp ? 'All services are up.' : 'Some services are down right now.'}</p>
      <Table
        head={['Service', ...environments.map((environment) => environmentRule(environment).title)]}
        rows={services.map((service) => [
          service,
          ...environments.map((environment) => (
            <State
              is={states.find((state) => state.service === service && state.environment === environment)}
            />
          )),
        ])}
      />
    </section>
  );
}

function State({ is: state }: { is: ServiceState | undefined }) {
  if (!state) return null;
  return state.is_up ? <Badge tone="good">Up</Badge> : <Badge tone="bad">Down</Badge>;
}
