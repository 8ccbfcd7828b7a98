import { planRules, type Plan } from '@payer/smart';
import { z } from 'zod';
import type { App } from '../apps/app.entity.js';
import { newAppBody, type AppMetadata } from '../client-metadata/app-metadata.js';
import { RegistrationError } from '../http/registration-error.js';
import { flowMetadata, planOfMetadata, registeredFlow } from './plan-of-metadata.js';

/** Client metadata of a registration or of its change (RFC 7591 §2). */
export const registrationBody = newAppBody.extend(flowMetadata.shape);

/** The body of a registration, with the statement whose claims replace the metadata (RFC 7591 §2.3). */
export const registrationRequest = registrationBody.extend({
  software_statement: z.string().optional(),
});

/** A client information response (RFC 7591 §3.2.1, RFC 7592 §3). */
export const registrationAnswer = newAppBody.extend({
  client_id: z.string(),
  client_secret: z.string().optional(),
  client_id_issued_at: z.int(),
  client_secret_expires_at: z.literal(0).optional(),
  grant_types: z.array(z.string()),
  response_types: z.array(z.string()),
  scope: z.string(),
  software_statement: z.string().optional(),
  registration_access_token: z.string(),
  registration_client_uri: z.string(),
});

/** The members with a value. A null is an omitted member (RFC 7592 §2.2). */
export function withoutNulls(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body ?? {};
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

/**
 * Reads the metadata of an app with the plan that it describes.
 * @param current plan of a known app, which metadata without a member that describes a plan keeps
 * @throws RegistrationError that names every member at fault
 */
export function readMetadata(body: unknown, current?: Plan): { metadata: AppMetadata; plan: Plan } {
  const parsed = registrationBody.safeParse(withoutNulls(body));
  if (!parsed.success) {
    const { issues } = parsed.error;
    const onlyUris = issues.every((issue) => issue.path[0] === 'redirect_uris');
    throw new RegistrationError(
      onlyUris ? 'invalid_redirect_uri' : 'invalid_client_metadata',
      issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; '),
    );
  }
  const { grant_types, response_types, scope, ...metadata } = parsed.data;
  const describesPlan = [grant_types, response_types, scope].some((member) => member !== undefined);
  const plan = current && !describesPlan ? current : planOfMetadata(parsed.data);
  if (planRules[plan].needsRedirectUri && metadata.redirect_uris.length === 0)
    throw new RegistrationError('invalid_redirect_uri', 'redirect_uris: must have at least one entry');
  return { metadata, plan };
}

/**
 * The client information response for an app with a plan. Members without a value are absent.
 * @param portalUrl without a trailing slash
 */
export function clientInformation(
  app: App,
  plan: Plan,
  { portalUrl, token, secret }: { portalUrl: string; token: string; secret?: string },
): z.infer<typeof registrationAnswer> {
  const members = Object.keys(newAppBody.shape) as (keyof AppMetadata)[];
  const metadata = Object.fromEntries(
    members.map((name) => [name, app[name]]).filter(([, value]) => value !== null),
  );
  return {
    client_id: app.client_id,
    client_id_issued_at: Math.floor(app.created_at.getTime() / 1000),
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    ...(metadata as unknown as AppMetadata),
    ...registeredFlow(plan),
    ...(app.software_statement === null ? {} : { software_statement: app.software_statement }),
    registration_access_token: token,
    registration_client_uri: `${portalUrl}/register/${app.client_id}`,
  };
}
