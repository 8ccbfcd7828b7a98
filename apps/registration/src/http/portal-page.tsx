import type { ComponentChildren, VNode } from 'preact';
import { contentSecurityPolicy, Page, renderPage, type FieldError } from '@payer/ui';
import type { FastifyReply } from 'fastify';
import { Problem } from '@payer/service';
import type { Actor } from '../developers/actor.js';

/** The portal's shell around a page's content. */
export function PortalPage(props: {
  title: string;
  planName: string;
  actor?: Actor;
  children?: ComponentChildren;
}): VNode {
  const { title, planName, actor, children } = props;
  const nav = actor
    ? [
        { href: '/', label: actor.role === 'platform' ? 'Requests' : 'Apps' },
        ...(actor.role === 'platform' ? [{ href: '/platform/apps', label: 'All apps' }] : []),
        { href: '/api/docs', label: 'API' },
      ]
    : [
        { href: '/sign-in', label: 'Sign in' },
        { href: '/sign-up', label: 'Sign up' },
        { href: '/api/docs', label: 'API' },
      ];
  return (
    <Page
      title={title}
      area="portal"
      planName={`${planName} · Developers`}
      homeHref="/"
      nav={nav}
      signedIn={actor && { label: actor.name, signOutAction: '/sign-out' }}
    >
      {children}
    </Page>
  );
}

export function sendPortalPage(reply: FastifyReply, page: VNode, status = 200) {
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', contentSecurityPolicy({ formAction: ["'self'"] }))
    .header('cache-control', 'no-store')
    .send(renderPage(page as never));
}

/** What a refused form shows: an entry per field at fault, or the reason. @throws whatever is not a Problem */
export function formErrors(error: unknown): FieldError[] {
  if (!(error instanceof Problem)) throw error;
  return error.errors?.length
    ? error.errors.map(({ field, message }) => ({
        field: field.split('.')[0],
        message: `${field}: ${message}`,
      }))
    : [{ message: error.detail }];
}

export const errorOf = (errors: readonly FieldError[], field: string) =>
  errors.find((error) => error.field === field)?.message;
