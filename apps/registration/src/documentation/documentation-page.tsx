import { Breadcrumbs, Button, Form, TextField } from '@payer/ui';
import type { ComponentChildren } from 'preact';
import type { Actor } from '../sessions/actor.js';
import { PortalPage } from '../http/portal-page.js';
import { addressOf, type Document } from './documents/document.js';
import { documents } from './documents/index.js';
import type { SearchResult } from './search-documents.js';

interface Shell {
  planName: string;
  actor?: Actor;
}

function DocumentationLayout(
  props: Shell & { title: string; current?: string; query?: string; children?: ComponentChildren },
) {
  const { title, current, query, children, ...shell } = props;
  return (
    <PortalPage title={`${title} · Documentation`} current="/docs/" {...shell}>
      <div class="docs">
        <nav class="docs-nav" aria-label="Documentation">
          <Form action="/docs/search" method="get">
            <TextField label="Search the documentation" name="q" type="search" value={query} />
            <Button variant="secondary">Search</Button>
          </Form>
          <ul>
            {documents.map((document) => (
              <li key={document.slug}>
                <a href={addressOf(document)} aria-current={document.slug === current ? 'page' : undefined}>
                  {document.title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <article class="article">{children}</article>
      </div>
    </PortalPage>
  );
}

export function DocumentPage(props: Shell & { document: Document; children: ComponentChildren }) {
  const { document, children, ...shell } = props;
  const [parent] = document.slug.split('/');
  const above = parent === document.slug ? undefined : documents.find(({ slug }) => slug === parent);
  return (
    <DocumentationLayout title={document.title} current={parent} {...shell}>
      {above && (
        <Breadcrumbs items={[{ href: addressOf(above), label: above.title }, { label: document.title }]} />
      )}
      <h1>{document.title}</h1>
      {children}
    </DocumentationLayout>
  );
}

export function ContentsPage(shell: Shell) {
  return (
    <DocumentationLayout title="Contents" {...shell}>
      <h1>Documentation</h1>
      <p class="lead">
        Everything an app needs, written for this deployment. No account is needed to read it.
      </p>
      <dl>
        {documents.map((document) => [
          <dt>
            <a href={addressOf(document)}>{document.title}</a>
          </dt>,
          <dd>{document.summary}</dd>,
        ])}
      </dl>
    </DocumentationLayout>
  );
}

export function SearchPage(props: Shell & { query: string; results: readonly SearchResult[] }) {
  const { query, results, ...shell } = props;
  return (
    <DocumentationLayout title="Search" query={query} {...shell}>
      <h1>Search results</h1>
      <p role="status">
        {query === ''
          ? 'Type a word, such as an error code, a parameter or a resource type.'
          : `${results.length} page${results.length === 1 ? '' : 's'} for “${query}”`}
      </p>
      {results.map(({ address, title, excerpt }) => (
        <section class="card" key={address}>
          <h2>
            <a href={address}>{title}</a>
          </h2>
          <p>{excerpt}</p>
        </section>
      ))}
    </DocumentationLayout>
  );
}
