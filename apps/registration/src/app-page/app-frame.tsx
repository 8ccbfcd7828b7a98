import { AppIdentity, Breadcrumbs, ErrorSummary, Notice, Tabs, Time, type FieldError } from '@payer/ui';
import type { ComponentChildren } from 'preact';
import type { AppView } from '../apps/app-view.js';
import { StatusBadges } from '../apps/status-badges.js';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';
import { appTabs, doneTexts, tabAddress, type AppTab, type Done } from './tabs.js';

/** The frame of every tab: the app, its state, the tabs, and the result of the last action. */
export interface AppFrameProps extends SignedInShell {
  app: AppView;
  errors?: readonly FieldError[];
  done?: Done;
}

export function AppFrame(
  props: AppFrameProps & { tab: AppTab; errorTitle?: string; children?: ComponentChildren },
) {
  const { app, tab, errors = [], errorTitle = 'Nothing was changed', done, children, ...shell } = props;
  const isDeveloper = shell.actor.role === 'developer';
  const label = appTabs.find(({ id }) => id === tab)?.label ?? '';
  return (
    <PortalPage
      title={`${label} · ${app.client_name}`}
      current={isDeveloper ? '/' : '/platform/apps'}
      {...shell}
    >
      <Breadcrumbs
        items={[
          isDeveloper ? { href: '/', label: 'Apps' } : { href: '/platform/apps', label: 'All apps' },
          tab === 'overview'
            ? { label: app.client_name }
            : { href: tabAddress(app.client_id, 'overview'), label: app.client_name },
          ...(tab === 'overview' ? [] : [{ label }]),
        ]}
      />
      <div class="row between">
        <AppIdentity name={app.client_name} organization={app.organization} logoUri={logoOf(app)} />
        <StatusBadges app={app} />
      </div>
      <Tabs
        label="Pages of this app"
        items={appTabs.map(({ id, label }) => ({
          href: tabAddress(app.client_id, id),
          label,
          current: id === tab,
        }))}
      />
      <h1 class="visually-hidden">{`${app.client_name}: ${label}`}</h1>
      {done && <Notice tone="good" title={doneTexts[done]} />}
      <ErrorSummary errors={errors} title={errorTitle} />
      {app.suspension && (
        <Notice tone="bad" title="This app is suspended">
          <p>{app.suspension.reason}</p>
          <p class="small">
            Since <Time iso={app.suspension.since} withTime />
          </p>
        </Notice>
      )}
      {children}
    </PortalPage>
  );
}

/** The uploaded logo as a path of the portal, or else the picture at the developer's address. */
const logoOf = (app: AppView) =>
  app.uploaded_logo_uri ? new URL(app.uploaded_logo_uri).pathname : app.logo_uri;

/** A page of an app beside the tabs: a confirmation, or a single form. */
export function AppSubpage(
  props: SignedInShell & {
    app: AppView;
    title: string;
    tab: AppTab;
    errors?: readonly FieldError[];
    children?: ComponentChildren;
  },
) {
  const { app, title, tab, errors = [], children, ...shell } = props;
  const label = appTabs.find(({ id }) => id === tab)?.label ?? '';
  return (
    <PortalPage title={title} current="/" {...shell}>
      <Breadcrumbs
        items={[
          { href: tabAddress(app.client_id, 'overview'), label: app.client_name },
          ...(tab === 'overview' ? [] : [{ href: tabAddress(app.client_id, tab), label }]),
          { label: title },
        ]}
      />
      <div class="column">
        <h1>{title}</h1>
        <ErrorSummary errors={errors} title="Nothing was changed" />
        {children}
      </div>
    </PortalPage>
  );
}
