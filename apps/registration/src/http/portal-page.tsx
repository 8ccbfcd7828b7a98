import type { ComponentChildren, VNode } from 'preact';
import { contentSecurityPolicy, Page, renderPage, type FieldError } from '@payer/ui';
import type { FastifyReply } from 'fastify';
import { Problem } from '@payer/service';
import type { Actor } from '../sessions/actor.js';
import { hasDuty } from '../sessions/duties.js';
import type { Duty } from '../team-roles/team-roles.js';
import { portalScript } from './portal-script.js';

/** Shell of a page for a signed-in account. */
export interface SignedInShell {
  planName: string;
  actor: Actor;
}

const forDevelopers = [
  { href: '/', label: 'Apps' },
  { href: '/organizations', label: 'Organization' },
];
/** Pages of the platform team, each with the duty that it needs. */
const forPlatformTeam: readonly { href: string; label: string; duty?: Duty }[] = [
  { href: '/', label: 'Requests' },
  { href: '/platform/search', label: 'Search' },
  { href: '/platform/data', label: 'Data' },
  { href: '/platform/reports', label: 'Reports', duty: 'report' },
  { href: '/platform/audit', label: 'Audit trail', duty: 'audit' },
  { href: '/platform/team', label: 'Team', duty: 'manage-team' },
  { href: '/platform/brand', label: 'Brand' },
];
const forEverybody = [
  { href: '/docs/', label: 'Documentation' },
  { href: '/docs/api', label: 'API' },
];
const forStrangers = [
  { href: '/sign-in', label: 'Sign in' },
  { href: '/sign-up', label: 'Sign up' },
];

function navigation(actor: Actor | undefined) {
  if (!actor) return [...forEverybody, ...forStrangers];
  const own =
    actor.role === 'platform'
      ? forPlatformTeam.filter(({ duty }) => !duty || hasDuty(actor, duty))
      : forDevelopers;
  return [...own, ...forEverybody, { href: '/account', label: 'Account' }];
}

/**
 * The portal's shell around a page's content.
 * @param props.current URL of the page's entry in the navigation
 */
export function PortalPage(props: {
  title: string;
  planName: string;
  actor?: Actor;
  current?: string;
  children?: ComponentChildren;
}): VNode {
  const { title, planName, actor, current, children } = props;
  return (
    <Page
      title={title}
      area="portal"
      planName={`${planName} · Developers`}
      homeHref="/"
      nav={navigation(actor).map((item) => ({ ...item, current: item.href === current }))}
      signedIn={actor && { label: actor.name, signOutAction: '/sign-out' }}
      script={portalScript}
    >
      {children}
    </Page>
  );
}

/** @param formTargets allowed targets of the page's forms, redirects included */
export function sendPortalPage(
  reply: FastifyReply,
  page: VNode,
  status = 200,
  formTargets: readonly string[] = ["'self'"],
) {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header(
      'content-security-policy',
      contentSecurityPolicy({ formAction: formTargets, script: portalScript }),
    )
    .header('cache-control', 'no-store')
    .send(renderPage(page as never));
}

/** Labels of the fields in the portal's forms. */
const labels: Record<string, string> = {
  name: 'Your name',
  organization: 'Organization',
  email: 'Email',
  password: 'Password',
  current_password: 'Current password',
  new_password: 'New password',
  token: 'The link',
  client_name: 'Name',
  redirect_uris: 'Redirect URIs',
  post_logout_redirect_uris: 'Addresses after sign-out',
  client_uri: 'Home page',
  logo_uri: 'Logo',
  policy_uri: 'Privacy policy',
  tos_uri: 'Terms of use',
  plan: 'Plan',
  reason: 'Reason',
  note: 'Note',
  since: 'Since',
  until: 'Until',
  type: 'What happened',
  environment: 'Environment',
  member: 'Member',
  app: 'App',
  day: 'Day',
  format: 'Format',
};

/**
 * Errors of a refused form: one per invalid field, or the reason.
 * @param more labels of fields that only this form has
 * @throws every error that is not a Problem
 */
export function formErrors(error: unknown, more: Record<string, string> = {}): FieldError[] {
  if (!(error instanceof Problem)) throw error;
  if (!error.errors?.length) return [{ message: error.detail }];
  return error.errors.map(({ field, message }) => {
    const [name = '', index] = field.split('.');
    const line = index === undefined ? '' : `, line ${Number(index) + 1},`;
    return { field: name, message: `${more[name] ?? labels[name] ?? name}${line} ${message}` };
  });
}

/** Status of the page that shows a refused form. */
export const statusOf = (error: unknown) => (error instanceof Problem ? error.getStatus() : 400);

/** The status of a refused form: 429 says when to try again, everything else is for the person to correct. */
export const formStatus = (error: unknown): number =>
  error instanceof Problem && error.getStatus() === 429 ? 429 : 400;

export const errorOf = (errors: readonly FieldError[], field: string) =>
  errors.find((error) => error.field === field)?.message;
