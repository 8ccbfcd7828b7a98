import { z } from 'zod';
import { environmentRule, type Environment } from './environments.js';

/**
 * The parts of an app that the platform team has reviewed. Production shows and accepts only these values.
 */
export const reviewedApp = z.object({
  client_name: z.string().describe('the name that members see in production'),
  organization: z.string().describe('who makes the app'),
  redirect_hosts: z
    .array(z.string())
    .describe(
      'hosts of redirect URIs and of addresses after sign-out; for a private-use scheme (RFC 8252 §7.1) the scheme',
    ),
  policy_uri: z.string().nullable().describe('its privacy policy'),
  tos_uri: z.string().nullable().describe('its terms of service'),
});
export type ReviewedApp = z.infer<typeof reviewedApp>;

/** The part of a redirect URI that is reviewed: host and port, or the scheme of a URI without a host. */
export function redirectHost(uri: string): string {
  if (!URL.canParse(uri)) return uri;
  const { host, protocol } = new URL(uri);
  return host || protocol.replace(/:$/, '');
}

/** The fields of an app that a review covers. */
interface Reviewable {
  client_name: string;
  organization: string;
  redirect_uris: string[];
  post_logout_redirect_uris?: string[] | undefined;
  policy_uri?: string | null | undefined;
  tos_uri?: string | null | undefined;
  reviewed?: ReviewedApp | null | undefined;
}

/**
 * An app as an environment may show it. An environment that opens with an approval has the reviewed values. A
 * redirect URI that the developer has removed works nowhere.
 */
export function asReviewed<App extends Reviewable>(app: App, environment: Environment): App {
  const { reviewed } = app;
  if (!reviewed || environmentRule(environment).opens !== 'with-approval') return app;
  const { redirect_hosts, ...shown } = reviewed;
  const isReviewed = (uri: string) => redirect_hosts.includes(redirectHost(uri));
  return {
    ...app,
    ...shown,
    redirect_uris: app.redirect_uris.filter(isReviewed),
    ...(app.post_logout_redirect_uris
      ? { post_logout_redirect_uris: app.post_logout_redirect_uris.filter(isReviewed) }
      : {}),
  };
}
