import type { OrganizationRight } from '../../organization-rights/organization-rights.js';

/**
 * `platform`: a call of the platform team. `open`: a redirect to the page of the form, which checks the right
 * itself.
 */
export type RouteRight = OrganizationRight | 'platform' | 'open';

interface RouteRule {
  right: RouteRight;
  /** A body that passes its schema, so that the answer depends on the right alone. */
  body?: Record<string, unknown>;
}

const see: RouteRule = { right: 'see' };
const open: RouteRule = { right: 'open' };
const develop = (body?: RouteRule['body']): RouteRule => ({ right: 'develop', ...(body ? { body } : {}) });
const manage = (body?: RouteRule['body']): RouteRule => ({ right: 'manage', ...(body ? { body } : {}) });
const platform: RouteRule = { right: 'platform', body: { reason: 'A test' } };

const uri = 'https://client-app.example/other';
const nextError = { endpoint: 'token', error: 'invalid_grant' };
const hook = { url: 'https://client-app.example/hooks', types: ['grant.ended'] };

/** The right that each route of an app and of an organization needs, page and API. */
export const routeRights: Record<string, RouteRule> = {
  'GET api/apps/:client_id': see,
  'PATCH api/apps/:client_id': develop({ client_name: 'Renamed' }),
  'DELETE api/apps/:client_id': develop(),
  'POST api/apps/:client_id/secret': develop({}),
  'DELETE api/apps/:client_id/secret/previous': develop(),
  'DELETE api/apps/:client_id/registration-access-token': develop(),
  'PUT api/apps/:client_id/subscription': develop({ plan: 'patient-access' }),
  'PUT api/apps/:client_id/logo': develop({}),
  'DELETE api/apps/:client_id/logo': develop(),
  'GET api/apps/:client_id/activity': see,
  'GET api/apps/:client_id/activity/export': see,
  'GET api/apps/:client_id/production-request': see,
  'PUT api/apps/:client_id/production-request': develop({}),
  'POST api/apps/:client_id/production-request': develop({ use_case: 'A test', contact: 'a@b.example' }),
  'DELETE api/apps/:client_id/production-request': develop(),
  'POST api/apps/:client_id/production-request/messages': develop({ text: 'Hello' }),
  'POST api/apps/:client_id/production-request/appeal': develop({ text: 'Hello' }),
  'PUT api/apps/:client_id/attestation': develop({ attested: false }),
  'GET api/apps/:client_id/webhooks': see,
  'POST api/apps/:client_id/webhooks': develop(hook),
  'GET api/apps/:client_id/webhooks/messages': see,
  'POST api/apps/:client_id/webhooks/messages/:message/send-again': develop(),
  'DELETE api/apps/:client_id/webhooks/:endpoint': develop(),
  'POST api/apps/:client_id/webhooks/:endpoint/secret': develop(),
  'POST api/apps/:client_id/webhooks/:endpoint/test': develop(),
  'GET api/apps/:client_id/levers': see,
  'POST api/apps/:client_id/levers/next-errors': develop(nextError),
  'DELETE api/apps/:client_id/levers/next-errors/:lever': develop(),
  'POST api/apps/:client_id/levers/ended-grants': develop({ grant_id: 'g' }),
  'POST api/apps/:client_id/levers/expired-tokens': develop({ access_token: 't' }),
  'POST api/apps/:client_id/suspend': platform,
  'POST api/apps/:client_id/reinstate': platform,

  'GET apps/:client_id': see,
  'GET apps/:client_id/settings': see,
  'POST apps/:client_id/settings': develop({ client_name: 'Renamed' }),
  'GET apps/:client_id/logo': open,
  'GET apps/:client_id/logo/remove': open,
  'POST apps/:client_id/logo': develop({}),
  'POST apps/:client_id/logo/remove': develop(),
  'GET apps/:client_id/activity': see,
  'GET apps/:client_id/activity/export': see,
  'GET apps/:client_id/activity/live': see,
  'GET apps/:client_id/subscription': open,
  'POST apps/:client_id/subscription': develop({ plan: 'patient-access' }),
  'GET apps/:client_id/redirect-uris': see,
  'POST apps/:client_id/redirect-uris': develop({ redirect_uris: uri }),
  'GET apps/:client_id/redirect-uris/remove': develop({ uri }),
  'POST apps/:client_id/redirect-uris/remove': develop({ uri }),
  'GET apps/:client_id/credentials': see,
  'GET apps/:client_id/credentials/authentication': open,
  'POST apps/:client_id/credentials/authentication': develop({
    token_endpoint_auth_method: 'client_secret_basic',
  }),
  'POST apps/:client_id/credentials/end-registration-token': develop(),
  'GET apps/:client_id/credentials/replace': develop(),
  'POST apps/:client_id/credentials/replace': develop({}),
  'GET apps/:client_id/credentials/end-previous': develop(),
  'POST apps/:client_id/credentials/end-previous': develop(),
  'GET apps/:client_id/credentials/stored': open,
  'POST apps/:client_id/credentials/stored': see,
  'GET apps/:client_id/delete': develop(),
  'POST apps/:client_id/delete': develop({ confirm_deletion: 'true' }),
  'GET apps/:client_id/webhooks': see,
  'POST apps/:client_id/webhooks': develop(hook),
  'GET apps/:client_id/webhooks/:endpoint/remove': develop(),
  'POST apps/:client_id/webhooks/:endpoint/remove': develop(),
  'POST apps/:client_id/webhooks/:endpoint/secret': develop(),
  'POST apps/:client_id/webhooks/:endpoint/test': develop(),
  'POST apps/:client_id/webhooks/messages/:message/send-again': develop(),
  'GET apps/:client_id/levers': see,
  'GET apps/:client_id/levers/next-errors': open,
  'GET apps/:client_id/levers/next-errors/:lever/remove': open,
  'GET apps/:client_id/levers/ended-grants': open,
  'GET apps/:client_id/levers/expired-tokens': open,
  'POST apps/:client_id/levers/next-errors': develop(nextError),
  'POST apps/:client_id/levers/next-errors/:lever/remove': develop(),
  'POST apps/:client_id/levers/ended-grants': develop({ grant_id: 'g' }),
  'POST apps/:client_id/levers/expired-tokens': develop({ access_token: 't' }),
  'GET apps/:client_id/production': see,
  'POST apps/:client_id/production': develop({ act: 'save' }),
  'GET apps/:client_id/production/withdraw': open,
  'GET apps/:client_id/production/messages': open,
  'GET apps/:client_id/production/appeal': open,
  'GET apps/:client_id/production/attestation': open,
  'POST apps/:client_id/production/withdraw': develop(),
  'POST apps/:client_id/production/messages': develop({ text: 'Hello' }),
  'POST apps/:client_id/production/appeal': develop({ text: 'Hello' }),
  'POST apps/:client_id/production/attestation': develop({ attestation: 'false' }),
  'POST apps/:client_id/try-it': develop(),
  'GET apps/:client_id/try-it': open,
  'POST platform/apps/:client_id/suspend': platform,
  'POST platform/apps/:client_id/reinstate': platform,
  'GET platform/apps/:client_id/suspend': open,
  'GET platform/apps/:client_id/reinstate': open,

  'PATCH api/organizations/:organization_id': manage({ name: 'Another name' }),
  'GET api/organizations/:organization_id/members': see,
  'PATCH api/organizations/:organization_id/members/:account_id': manage({ role: 'viewer' }),
  'DELETE api/organizations/:organization_id/members/:account_id': manage(),
  'GET api/organizations/:organization_id/history': see,
  'GET api/organizations/:organization_id/invitations': manage(),
  'POST api/organizations/:organization_id/invitations': manage({ email: 'x@y.example', role: 'viewer' }),
  'DELETE api/organizations/:organization_id/invitations/:invitation_id': manage(),
  'GET organizations/:organization_id': see,
  'POST organizations/:organization_id/name': manage({ name: 'Another name' }),
  'POST organizations/:organization_id/invitations': manage({ email: 'x@y.example', role: 'viewer' }),
  'POST organizations/:organization_id/invitations/:invitation_id/withdraw': manage(),
  'POST organizations/:organization_id/members/:account_id': manage({ role: 'viewer' }),
  'GET organizations/:organization_id/members/:account_id/remove': see,
  'POST organizations/:organization_id/members/:account_id/remove': manage(),
};
