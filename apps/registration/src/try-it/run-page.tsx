import { planRules, resourceTypesOfPlan, searchedTypes } from '@payer/smart';
import { Breadcrumbs, Button, Card, CodeBlock, Form, Notice, Select, Table, TextField } from '@payer/ui';
import type { Actor } from '../sessions/actor.js';
import { PortalPage } from '../http/portal-page.js';
import { curlOf } from './curl.js';
import { exploreAddress } from './explore-address.js';
import type { Explored } from './explorer.js';
import { firstTypes } from './first-types.js';
import type { Run, Step } from './run.js';
import { Tokens } from './run-tokens.js';
import type { TrialAct } from './trials.js';

interface RunPageProps {
  planName: string;
  actor?: Actor;
  run: Run;
  explored: Explored | undefined;
  isDemonstration: boolean;
}

/** A run of an app's flow: every request and answer, the decoded tokens, and a small FHIR explorer. */
export function RunPage({ planName, actor, run, explored, isDemonstration }: RunPageProps) {
  const isConnected = run.access_token !== undefined;
  const { title, lead } = headOf(run, explored);
  return (
    <PortalPage title="Try it" planName={planName} actor={actor} current={actor && '/'}>
      {!isDemonstration && (
        <Breadcrumbs
          items={[{ href: `/apps/${run.client_id}`, label: run.client_name }, { label: 'Try it' }]}
        />
      )}
      <h1>{title}</h1>
      <p class="lead">{lead}</p>
      {run.steps.map((step, index) => (
        <StepView key={index} step={step} number={index + 1} isOpen={!step.isOk} />
      ))}
      {isConnected && <Tokens run={run} />}
      {explored && <Answer explored={explored} number={run.steps.length + 1} run={run} />}
      {isConnected && <Explorer run={run} path={explored?.path ?? ''} />}
      {isConnected && <BreakIt run={run} isDemonstration={isDemonstration} />}
      <Again run={run} isDemonstration={isDemonstration} />
    </PortalPage>
  );
}

/** What the last step means: no token, a token whose last use was refused, or a token that works. */
function headOf(run: Run, explored: Explored | undefined): { title: string; lead: string } {
  if (run.access_token === undefined)
    return {
      title: 'The app is not connected',
      lead: 'Nothing was shared. The steps below say why, and what to do.',
    };
  if (explored && !explored.step.isOk)
    return {
      title: 'The last request was refused',
      lead: 'The last answer says why. Below is each request with its answer.',
    };
  return {
    title: explored ? 'It works: your first FHIR answer' : 'The app is connected',
    lead: `${run.client_name} reads from the sandbox. Below is each request with its answer.`,
  };
}

function StepView({ step, number, isOpen }: { step: Step; number: number; isOpen: boolean }) {
  const { request, answer, error } = step;
  const headers = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\n`);
  return (
    <details class="step" open={isOpen}>
      <summary>
        <span class={step.isOk ? 'ok' : 'failed'}>{step.isOk ? '✓' : '✕'}</span> {number}. {step.title}{' '}
        <span class="muted small">
          {request.method} {new URL(request.url).pathname}
          {answer && ` · ${answer.status} · ${answer.duration} ms`}
        </span>
      </summary>
      <p>{step.explanation}</p>
      {error && (
        <p>
          The error is{' '}
          <a href={`/docs/errors/${encodeURIComponent(error)}`}>
            <code>{error}</code>
          </a>
          . Its page has the causes and the fixes.
        </p>
      )}
      <h3>Request</h3>
      <CodeBlock>{`${request.method} ${request.url}\n${headers.join('')}${request.body ? `\n${request.body}` : ''}`}</CodeBlock>
      {answer && (
        <details>
          <summary>As a curl command</summary>
          <CodeBlock>{curlOf(step)}</CodeBlock>
        </details>
      )}
      {answer && (
        <>
          <h3>Answer</h3>
          <CodeBlock>{`HTTP ${answer.status}\n\n${pretty(answer.body)}`}</CodeBlock>
        </>
      )}
    </details>
  );
}

function Answer({ explored, number, run }: { explored: Explored; number: number; run: Run }) {
  const { step, rows, next } = explored;
  return (
    <section class="card">
      <h2>
        <span class={step.isOk ? 'ok' : 'failed'}>{step.isOk ? '✓' : '✕'}</span> {number}. {step.title}{' '}
        <span class="muted small">
          {step.answer?.status} · {step.answer?.duration} ms
        </span>
      </h2>
      <details>
        <summary>As a curl command</summary>
        <CodeBlock>{curlOf(step)}</CodeBlock>
      </details>
      {!step.isOk && <Notice tone="warn" title="The FHIR API refused this request" />}
      {rows.length > 0 && (
        <Table
          head={['Resource', 'Last updated', 'Summary']}
          rows={rows.map(({ path, lastUpdated, summary }) => [
            <a href={exploreAddress(run, path)}>{path}</a>,
            lastUpdated,
            summary,
          ])}
        />
      )}
      {next && (
        <p>
          <a href={exploreAddress(run, next)}>Next page</a>
        </p>
      )}
      <details open={rows.length === 0}>
        <summary>JSON</summary>
        <CodeBlock isTall>{explored.json}</CodeBlock>
      </details>
      {run.access_token && <FurtherTypes run={run} />}
    </section>
  );
}

function FurtherTypes({ run }: { run: Run }) {
  return (
    <p class="row">
      {firstTypes(run.plan).map((type) => (
        <a key={type} class="button secondary" href={exploreAddress(run, `${type}?_count=5`)}>
          {type}
        </a>
      ))}
      <a href="#explorer">Write a query</a>
    </p>
  );
}

function Explorer({ run, path }: { run: Run; path: string }) {
  const types = searchedTypes.filter((one) => resourceTypesOfPlan[run.plan].has(one)).sort();
  const [type = ''] = path.split(/[/?]/);
  return (
    <section class="card" id="explorer">
      <h2>FHIR explorer</h2>
      <Form action={`/try-it/${run.id}`} method="get">
        <Select
          label="Resource type"
          name="type"
          value={type}
          options={types.map((value) => ({ value, label: value }))}
        />
        <TextField
          label="Search parameters"
          name="query"
          value={path.includes('?') ? path.slice(path.indexOf('?') + 1) : '_count=5'}
          hint="Such as _count=5&_sort=-_lastUpdated. Each type's page of the FHIR reference lists its parameters."
          spellcheck={false}
        />
        <div class="row">
          <Button>Search</Button>
          <a href={type ? `/docs/fhir/${type}` : '/docs/fhir'}>Parameters in the FHIR reference</a>
        </div>
      </Form>
    </section>
  );
}

/** Actions that show errors and the end of access. */
function BreakIt({ run, isDemonstration }: { run: Run; isDemonstration: boolean }) {
  const hasMember = planRules[run.plan].patientClaim === 'required';
  const acts: { act: TrialAct; label: string; isShown: boolean }[] = [
    { act: 'refresh', label: 'Use the refresh token', isShown: run.refresh_token !== undefined },
    { act: 'wrong-secret', label: 'Send a wrong secret', isShown: true },
    { act: 'wrong-redirect-uri', label: 'Send a wrong redirect URI', isShown: hasMember },
    { act: 'replay-code', label: 'Use the code twice', isShown: hasMember },
    { act: 'end-token', label: 'Let the token end', isShown: true },
  ];
  return (
    <Card title="Break it on purpose">
      <p>Each button sends a request and adds its answer to the steps above.</p>
      <Form action={`/try-it/${run.id}/act`}>
        <div class="row">
          {acts
            .filter(({ isShown }) => isShown)
            .map(({ act, label }) => (
              <Button key={act} variant="secondary" name="act" value={act}>
                {label}
              </Button>
            ))}
          {hasMember && (
            <Button variant="danger" name="act" value="revoke">
              End this grant
            </Button>
          )}
        </div>
      </Form>
      {!isDemonstration && (
        <p>
          <a href={`/apps/${run.client_id}/levers`}>Let the next request of your app answer with an error</a>
        </p>
      )}
    </Card>
  );
}

function Again({ run, isDemonstration }: { run: Run; isDemonstration: boolean }) {
  return (
    <Card title="Go on">
      {isDemonstration ? (
        <p class="row">
          <a class="button primary" href="/sign-up">
            Sign up and use your own app
          </a>
          <a href="/docs/flows">Read how the flow works</a>
        </p>
      ) : (
        <Form action={`/apps/${run.client_id}/try-it`}>
          <div class="row">
            <Button variant="secondary">Run it again</Button>
            <a href={`/apps/${run.client_id}`}>Back to the app</a>
          </div>
        </Form>
      )}
    </Card>
  );
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
