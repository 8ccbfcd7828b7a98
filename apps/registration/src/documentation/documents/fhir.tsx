import { planRules, plans, resourceTypesOfPlan } from '@payer/smart';
import { CodeBlock, Notice, Table } from '@payer/ui';
import type { DocumentContext } from './context.js';
import type { Document } from './document.js';
import type { FhirType } from './fhir-reference.js';

/** Replaces the reference while the FHIR API is unavailable. */
export function FhirUnavailable({ addresses }: Pick<DocumentContext, 'addresses'>) {
  const metadata = `${addresses.sandbox.fhirBaseUrl}/metadata`;
  return (
    <Notice tone="warn" title="The FHIR API does not answer right now">
      <p>
        This page is made from its CapabilityStatement at <a href={metadata}>{metadata}</a>. Load the page
        again in a minute.
      </p>
    </Notice>
  );
}

export const fhirDocument: Document = {
  slug: 'fhir',
  title: 'FHIR reference',
  summary: 'Resource types per plan, search parameters, includes, profiles and examples.',
  body: (context) => {
    const { addresses, fhir } = context;
    if (!fhir) return <FhirUnavailable addresses={addresses} />;
    return (
      <>
        <p>
          The API is read-only FHIR {fhir.fhirVersion}: read, search by GET and POST, and the
          CapabilityStatement. Answers are <code>application/fhir+json</code>. This page is made from the
          CapabilityStatement of the sandbox.
        </p>
        {plans.map((plan) => (
          <section key={plan}>
            <h2>{planRules[plan].title}</h2>
            <Table
              head={['Resource type', 'Search parameters', 'Profiles']}
              rows={fhir.types
                .filter(({ type }) => resourceTypesOfPlan[plan].has(type))
                .map(({ type, parameters, profiles }) => [
                  <a href={`/docs/fhir/${type}`}>{type}</a>,
                  String(parameters.length),
                  String(profiles.length),
                ])}
            />
          </section>
        ))}
        <h2>Parameters of every search</h2>
        <Table
          head={['Parameter', 'Type', 'Meaning']}
          rows={fhir.parameters.map(({ name, type, documentation }) => [
            <code>{name}</code>,
            type,
            documentation ?? '',
          ])}
        />
        <h2>Dates and Periods</h2>
        <p>
          <code>ge</code> and <code>le</code> follow R4 to the letter: a Period that only touches the value is
          not found. <code>ge2026-01-10</code> does not find a Period from 5 to 10 January, because no part of
          it lies after that day. Other servers find it. Ask for <code>ge2026-01-09</code> if you want it.
        </p>
        <h2>Paging</h2>
        <p>
          A searchset has a link with the relation <code>next</code> as long as there is more. Follow it as it
          is: it is valid for the same token’s app and member.
        </p>
        <h2>Errors</h2>
        <p>
          Every error is an OperationOutcome that says what to fix. <a href="/docs/errors">Errors</a>
        </p>
      </>
    );
  },
};

/** A search that works in the sandbox without changes; a read, of a type that is not searched. */
const exampleOf = ({ type, includes, parameters }: FhirType) =>
  parameters.length === 0
    ? `${type}/ID`
    : includes[0] && includes[0] !== '*'
      ? `${type}?_count=5&_include=${includes[0]}`
      : `${type}?_count=5`;

/** The page of one resource type. Undefined for a type outside the API. */
export function fhirTypeDocument(reference: FhirType): Document {
  const { type } = reference;
  return {
    slug: `fhir/${type}`,
    title: type,
    summary: reference.documentation ?? '',
    body: ({ addresses }) => (
      <>
        <p>
          {reference.documentation} Read by{' '}
          {plans
            .filter((plan) => resourceTypesOfPlan[plan].has(type))
            .map((plan) => planRules[plan].title)
            .join(' and ')}{' '}
          tokens.
        </p>
        <h2>Example</h2>
        <CodeBlock>{`curl -H 'Authorization: Bearer ACCESS_TOKEN' \\
  '${addresses.sandbox.fhirBaseUrl}/${exampleOf(reference)}'`}</CodeBlock>
        <h2>Search parameters</h2>
        <Table
          head={['Parameter', 'Type', 'Meaning']}
          rows={reference.parameters.map(({ name, type: kind, documentation }) => [
            <code>{name}</code>,
            kind,
            documentation ?? '',
          ])}
        />
        <List
          title="_include"
          items={reference.includes}
          empty="The API follows no reference of this type."
        />
        <List
          title="_revinclude"
          items={reference.revIncludes}
          empty="No other type is included by its reference to this one."
        />
        <List title="Profiles" items={reference.profiles} empty="No profile is declared." />
        {reference.operations.length > 0 && (
          <>
            <h2>Operations</h2>
            {reference.operations.map(({ name, documentation }) => (
              <p key={name}>
                <code>${name}</code>: {documentation}
              </p>
            ))}
          </>
        )}
      </>
    ),
  };
}

function List({ title, items, empty }: { title: string; items: readonly string[]; empty: string }) {
  return (
    <>
      <h2>{title}</h2>
      {items.length === 0 ? (
        <p class="muted">{empty}</p>
      ) : (
        <ul>
          {items.map((item) => (
            <li key={item}>
              <code>{item}</code>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
