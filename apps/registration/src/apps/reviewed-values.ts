import { redirectHost, type ReviewedApp } from '@payer/smart';
import { z } from 'zod';
import type { App } from './app.entity.js';

/** One difference between the app as its developer has changed it and the app as it was reviewed. */
export const reviewedDifference = z.object({
  field: z.enum(['client_name', 'organization', 'redirect_hosts', 'policy_uri', 'tos_uri']),
  /** The reviewed value. Hosts are separated by a space. Null when there was none. */
  from: z.string().nullable(),
  to: z.string().nullable(),
});
export type ReviewedDifference = z.infer<typeof reviewedDifference>;

/** The values of an app that the platform team reviews. */
export function reviewableValues(app: App, organization: string): ReviewedApp {
  return {
    client_name: app.client_name,
    organization,
    redirect_hosts: [
      ...new Set([...app.redirect_uris, ...app.post_logout_redirect_uris].map(redirectHost)),
    ].sort(),
    policy_uri: app.policy_uri,
    tos_uri: app.tos_uri,
  };
}

/**
 * The changes that wait for a review. A host that the developer has removed needs none: fewer redirect URIs
 * open nothing.
 */
export function unreviewedChanges(reviewed: ReviewedApp, now: ReviewedApp): ReviewedDifference[] {
  const single = (['client_name', 'organization', 'policy_uri', 'tos_uri'] as const).flatMap((field) =>
    reviewed[field] === now[field] ? [] : [{ field, from: reviewed[field], to: now[field] }],
  );
  const added = now.redirect_hosts.filter((host) => !reviewed.redirect_hosts.includes(host));
  if (added.length === 0) return single;
  return [
    ...single,
    { field: 'redirect_hosts', from: reviewed.redirect_hosts.join(' ') || null, to: added.join(' ') },
  ];
}
