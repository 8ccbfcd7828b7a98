import { planRules, resourceTypesOfPlan, searchedTypes } from '@payer/smart';
import {
  Breadcrumbs,
  Button,
  Card,
  CodeBlock,
  DefinitionList,
  Form,
  Notice,
  Select,
  Table,
  TextField,
} from '@payer/ui';
import type { Actor } from '../sessions/actor.js';
import { PortalPage } from '../http/portal-page.js';
import { claimsOf } from './claims.js';
import type { Explored } from './explorer.js';
import type { Run, Step } from './run.js';

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
  return (
    <PortalPage title="Try it" planName={planName} actor={actor} current={actor && '/'}>
      {!isDemonstration && (
        <Breadcrumbs
          items={[{ href: `/apps/${run.client_id}`, label: run.client_name }, { label: 'Try it' }]}
        />
      )}
      <h1>{titleOf(isConnected, explored)}</h1>
      <p class="lead">
        {isConnected
          ? `${run.client_name} reads from the sandbox. Below is each request with its answer.`
          : 'Nothing was shared. The steps below say why, and what to do.'}
      </p>
      {run.steps.map((step, index) => (
        <StepView key={index} step={step} number={index + 1} isOpen={!step.isOk} />
      ))}
      {isConnected && <Tokens run={run} />}
      {explored && <Answer explored={explored} number={run.steps.length + 1} run={run} />}
      {isConnected && <Explorer run={run} path={explored?.path ?? ''} />}
      {isConnected && <BreakIt run={run} />}
      <Again run={run} isDemonstration={isDemonstration} />
    </PortalPage>
  );
}

function titleOf(isConnected: boolean, explored: Explored | undefined): string {
  if (!isConnected) return 'The app is not connected';
  return explored?.step.isOk ? 'It works: your first FHIR answer' : 'The app is connected';
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
        <>
          <h3>Answer</h3>
          <CodeBlock>{`HTTP ${answer.status}\n\n${pretty(answer.body)}`}</CodeBlock>
        </>
      )}
    </details>
  );
}

function Tokens({ run }: { run: Run }) {
  const tokens = (
    [
      ['Access token', run.access_token],
      ['id_token', run.id_token],
    ] as const
  ).flatMap(([name, token]) => (token ? [{ name, claims: claimsOf(token) }] : []));
  return (
    <details class="step">
      <summary>What the tokens say</summary>
      {tokens.map(({ name, claims }) => (
        <section key={name}>
          <h2>{name}</h2>
          <DefinitionList
            items={claims.map(({ claim, value, meaning, path }) => ({
              term: claim,
              value: (
                <>
                  <code>{value}</code>
                  {meaning && <div class="muted small">{meaning}</div>}
                  {path && <a href={exploreAddress(run, path)}>Read {path}</a>}
                </>
              ),
            }))}
          />
        </section>
      ))}
      {run.refresh_token && (
        <p>The refresh token has no content. It is good once, and ends with the grant.</p>
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
    </section>
  );
}

const exploreAddress = (run: Run, path: string) => `/try-it/${run.id}?${new URLSearchParams({ path })}`;

function Explorer({ run, path }: { run: Run; path: string }) {
  const types = searchedTypes.filter((one) => resourceTypesOfPlan[run.plan].has(one)).sort();
  const [type = ''] = path.split(/[/?]/);
  return (
    <Card title="FHIR explorer">
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
    </Card>
  );
}

/** Actions that show errors and the end of access. */
function BreakIt({ run }: { run: Run }) {
  const hasMember = planRules[run.plan].patientClaim === 'required';
  return (
    <Card title="Break it on purpose">
      <p>Each button sends a request and adds its answer to the steps above.</p>
      <Form action={`/try-it/${run.id}/act`}>
        <div class="row">
          {run.refresh_token && (
            <Button variant="secondary" name="act" value="refresh">
              Use the refresh token
            </Button>
          )}
          <Button variant="secondary" name="act" value="wrong-secret">
            Send a wrong secret
          </Button>
          {hasMember && (
            <Button variant="secondary" name="act" value="replay-code">
              Use the code twice
            </Button>
          )}
          <Button variant="danger" name="act" value="revoke">
            {hasMember ? 'End this grant' : 'Give the token back'}
          </Button>
        </div>
      </Form>
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
