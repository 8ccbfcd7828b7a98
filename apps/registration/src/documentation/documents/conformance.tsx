import { Button, Form, Notice, Table, Time } from '@payer/ui';
import { checks } from '../../conformance/checks/index.js';
import type { CheckResult, ConformanceRun } from '../../conformance/conformance-run.js';
import { isApplicable, type Requirement, type Standard } from '../../conformance/standards/requirement.js';
import { standards } from '../../conformance/standards/index.js';
import type { Document } from './document.js';

const applicable = ({ requirements }: Standard) => requirements.filter(isApplicable).length;

export const conformanceDocument: Document = {
  slug: 'conformance',
  title: 'Conformance',
  summary: 'Each demand of the standards with its test, and checks that this deployment runs against itself.',
  body: ({ conformance }) => (
    <>
      <p>
        Each demand of a standard on a server has a test in the source code, or a reason why it does not
        apply. The tests run before each release.
      </p>
      <Table
        head={['Standard', 'Version', 'Tested', 'Not applicable']}
        rows={standards.map((standard) => [
          <a href={`/docs/conformance/${standard.slug}`}>{standard.title}</a>,
          standard.version,
          String(applicable(standard)),
          String(standard.requirements.length - applicable(standard)),
        ])}
      />
      <h2>Live checks</h2>
      <p>
        {checks.length} checks look at this deployment from the outside, as an app does. They use the
        demonstration apps of the sandbox, and no data of a member.
      </p>
      <Form action="/docs/conformance/runs">
        <Button>Run the checks now</Button>
      </Form>
      <p class="muted">
        A run needs an account of the portal, takes a few seconds, and is possible once a minute. Programs
        call <code>POST /api/conformance/runs</code>.
      </p>
      {conformance?.runningSince && (
        <p role="status">
          A run began on <Time iso={conformance.runningSince} withTime />. Load this page again in a few
          seconds.
        </p>
      )}
      {conformance?.latest ? (
        <LatestRun run={conformance.latest} />
      ) : (
        <p>No run has been made in this deployment.</p>
      )}
    </>
  ),
};

function LatestRun({ run }: { run: ConformanceRun }) {
  const failed = run.results.filter(({ passed }) => !passed);
  const passed = run.results.filter((result) => result.passed);
  return (
    <>
      <Notice
        tone={failed.length === 0 ? 'good' : 'bad'}
        title={
          failed.length === 0
            ? `All ${run.results.length} checks passed`
            : `${failed.length} of ${run.results.length} checks failed`
        }
      >
        <p>
          The latest run began on <Time iso={run.started_at} withTime />.
        </p>
      </Notice>
      {failed.length > 0 && <Results results={failed} />}
      {passed.length > 0 && (
        <details class="step">
          <summary>The {passed.length} checks that passed</summary>
          <Results results={passed} />
        </details>
      )}
    </>
  );
}

function Results({ results }: { results: readonly CheckResult[] }) {
  return (
    <Table
      head={['Check', 'Environment', 'Result', 'Time']}
      rows={results.map(({ title, environment, passed, fault, duration }) => [
        title,
        environment,
        passed ? 'passed' : `failed: ${fault}`,
        `${duration} ms`,
      ])}
    />
  );
}

/** The page of one standard. Undefined for an unknown one. */
export function standardDocument(slug: string): Document | undefined {
  const standard = standards.find((one) => one.slug === slug);
  return standard && documentOf(standard);
}

export const standardDocuments = (): Document[] => standards.map(documentOf);

const documentOf = (standard: Standard): Document => ({
  slug: `conformance/${standard.slug}`,
  title: `${standard.title} ${standard.version}`,
  summary: `${standard.requirements.length} demands of ${standard.title} on servers, each with its test.`,
  body: ({ conformance }) => (
    <>
      <p>
        The demands on servers of <a href={standard.url}>{standard.title}</a>.
      </p>
      <Table
        head={['Clause', 'Level', 'Demand', 'Proof', 'Live']}
        rows={standard.requirements.map((one) => [
          one.clause,
          one.level,
          one.text,
          <Proof requirement={one} />,
          liveOf(one, conformance?.latest),
        ])}
      />
    </>
  ),
});

function Proof({ requirement }: { requirement: Requirement }) {
  if (!isApplicable(requirement)) return <>Not applicable. {requirement.notApplicable}</>;
  const { file, name } = requirement.test;
  return (
    <>
      “{name}” in <code>{file}</code>
    </>
  );
}

/** The results of a requirement's live checks in the latest run. */
function liveOf(requirement: Requirement, run: ConformanceRun | undefined): string {
  const ids = isApplicable(requirement) ? (requirement.checks ?? []) : [];
  const results = run?.results.filter(({ check }) => ids.includes(check)) ?? [];
  if (ids.length === 0) return 'no live check';
  if (results.length === 0) return 'not run';
  return results.every(({ passed }) => passed) ? 'passed' : 'failed';
}
