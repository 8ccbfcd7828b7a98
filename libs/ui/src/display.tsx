import { Fragment, type ComponentChildren, type VNode } from 'preact';
import { Page, type PageProps, type Tone } from './page.js';
import { safeUrl } from './render.js';

export function Card({ title, children }: { title?: string; children?: ComponentChildren }) {
  return (
    <section class="card">
      {title && <h2>{title}</h2>}
      {children}
    </section>
  );
}

/** Cards side by side when the width allows it. */
export function Grid({ children }: { children?: ComponentChildren }) {
  return <div class="grid">{children}</div>;
}

/** A table with this many columns or more becomes blocks below desktop width. */
const wideTableColumns = 5;

/** A table. On a narrow screen its rows become blocks, and the roles keep it a table for screen readers. */
export function Table({
  head,
  rows,
}: {
  head: readonly string[];
  rows: readonly (readonly ComponentChildren[])[];
}) {
  const width = head.length >= wideTableColumns ? 'wide-table' : 'narrow-table';
  return (
    <div class="table-box">
      <table class={`table ${width}`} role="table">
        <thead role="rowgroup">
          <tr role="row">
            {head.map((cell) => (
              <th key={cell} scope="col" role="columnheader">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row, index) => (
            <tr key={index} role="row">
              {row.map((cell, column) => (
                <td key={column} role="cell" data-label={head[column]}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function DefinitionList({ items }: { items: readonly { term: string; value: ComponentChildren }[] }) {
  return <dl>{items.map(({ term, value }) => [<dt>{term}</dt>, <dd>{value}</dd>])}</dl>;
}

export function Notice(props: { tone?: Tone; title?: string; children?: ComponentChildren }) {
  const { tone = 'neutral', title, children } = props;
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {title && <h2>{title}</h2>}
      {children}
    </div>
  );
}

/** Program text or a message. The portal's script adds a copy button. */
export function CodeBlock({ children, isTall }: { children?: ComponentChildren; isTall?: boolean }) {
  return (
    // A scrolling block must be reachable by keyboard (WCAG 2.2 §2.1.1).
    <pre data-copyable class={isTall ? 'tall' : undefined} tabIndex={isTall ? 0 : undefined}>
      <code>{children}</code>
    </pre>
  );
}

/** A URL. A long one breaks after a slash, not inside a word. */
export function Url({ children }: { children: string }) {
  return (
    <code>
      {children.split(/(?<=[^/]\/)(?!\/)/).map((part, index) => (
        <Fragment key={index}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </code>
  );
}

/** A credential to copy. One click selects it, and the portal's script adds a copy button. */
export function Secret({ value }: { value: string }) {
  return (
    <code class="secret" data-copyable>
      {value}
    </code>
  );
}

/** Links to the pages of one object, side by side. */
export function Tabs(props: {
  label: string;
  items: readonly { href: string; label: string; current?: boolean }[];
}) {
  return (
    <nav class="tabs" aria-label={props.label}>
      <ul>
        {props.items.map((item) => (
          <li key={item.href}>
            <a href={item.href} aria-current={item.current ? 'page' : undefined}>
              {item.label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/**
 * Asks for confirmation before an irreversible act. Each effect is a sentence. Loading the page changes
 * nothing.
 */
export function Confirmation(props: {
  effects: readonly ComponentChildren[];
  action: string;
  /** Names the act: "Delete this app". */
  button: string;
  /** Link for a person who decides against it. */
  back: { href: string; label: string };
  /** Further fields of the form. */
  children?: ComponentChildren;
}) {
  return (
    <section class="card">
      <ul>
        {props.effects.map((effect, index) => (
          <li key={index}>{effect}</li>
        ))}
      </ul>
      <form action={props.action} method="post" novalidate>
        {props.children}
        <div class="row">
          <button class="button danger" type="submit">
            {props.button}
          </button>
          <a class="button secondary" href={props.back.href}>
            {props.back.label}
          </a>
        </div>
      </form>
    </section>
  );
}

const inWords = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'UTC' });
const inWordsWithTime = new Intl.DateTimeFormat('en-US', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
});

/**
 * An instant in plain words, in UTC. An invalid instant is shown unchanged, so a bad value never breaks the
 * page.
 */
export function Time({ iso, withTime }: { iso: string | Date; withTime?: boolean }) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return <>{String(iso)}</>;
  return (
    <time dateTime={date.toISOString()}>
      {withTime ? `${inWordsWithTime.format(date)} UTC` : inWords.format(date)}
    </time>
  );
}

export function EmptyState({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="card empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/**
 * An app as people recognize it: logo (https or data image only; otherwise its initial), name, organization.
 */
export function AppIdentity(props: {
  name: string;
  logoUri?: string | null;
  organization?: string | null;
  href?: string | null;
}) {
  const logo = safeUrl(props.logoUri, 'image');
  const href = safeUrl(props.href, 'link');
  return (
    <div class="app">
      {logo ? (
        <img class="app-logo" src={logo} alt="" width="48" height="48" referrerpolicy="no-referrer" />
      ) : (
        <span class="app-logo" aria-hidden="true">
          {[...props.name][0]?.toUpperCase() ?? '?'}
        </span>
      )}
      <div>
        <div class="app-name">
          {href ? (
            <a href={href} rel="noopener noreferrer">
              <bdi>{props.name}</bdi>
            </a>
          ) : (
            <bdi>{props.name}</bdi>
          )}
        </div>
        {props.organization && (
          <div class="muted">
            by <bdi>{props.organization}</bdi>
          </div>
        )}
      </div>
    </div>
  );
}

export function Breadcrumbs({ items }: { items: readonly { href?: string; label: string }[] }) {
  return (
    <nav aria-label="Breadcrumbs">
      <ol class="crumbs">
        {items.map((item) => (
          <li key={item.label}>
            {item.href ? <a href={item.href}>{item.label}</a> : <span aria-current="page">{item.label}</span>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** An error page: the problem, the remedy, and details for a developer. */
export function ErrorPage(
  props: Omit<PageProps, 'children'> & {
    whatHappened: ComponentChildren;
    whatToDo?: ComponentChildren;
    /** Technical details for developers. */
    details?: readonly { term: string; value: ComponentChildren; inWords?: boolean }[];
  },
): VNode {
  const { whatHappened, whatToDo, details, ...page } = props;
  return (
    <Page {...page}>
      <h1>{page.title}</h1>
      <div class="card">
        <p>{whatHappened}</p>
        {whatToDo && <p>{whatToDo}</p>}
      </div>
      {details && details.length > 0 && (
        <section class="card">
          <h2>For the app's developer</h2>
          <DefinitionList
            items={details.map(({ term, value, inWords }) => ({
              term,
              value: inWords ? value : <code>{value}</code>,
            }))}
          />
        </section>
      )}
    </Page>
  );
}
