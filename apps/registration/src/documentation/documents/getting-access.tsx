import { environmentRule, environments, isSynthetic, planRules, plans } from '@payer/smart';
import { Table, Url } from '@payer/ui';
import { organizationRoleRules, organizationRoles } from '../../organization-rights/organization-rights.js';
import type { Document } from './document.js';

export const gettingAccess: Document = {
  slug: 'getting-access',
  title: 'Getting access',
  summary: 'From sign-up to the sandbox in a minute, and from the sandbox to production.',
  body: ({ addresses, contact }) => (
    <>
      <p>The sandbox opens by itself. Production opens when the platform team has approved your app.</p>
      <ol class="steps">
        <li>
          <a href="/sign-up">Sign up</a> for a developer account.
        </li>
        <li>
          Create an app with its <a href="/docs/redirect-uris">redirect URIs</a>. You get one client_id and
          one client_secret, and they work in all environments.
        </li>
        <li>Choose the plan of the app. For another plan, create another app.</li>
        <li>
          Press “Try it” on the app’s page: the portal runs the flow in the sandbox and shows each request and
          answer.
        </li>
        <li>
          Build your app with the <a href="/docs/sandbox-members">sandbox’s members</a>.
        </li>
        <li>Request production access on the app’s page. The platform team answers there.</li>
      </ol>
      <h2>Plans</h2>
      <Table
        head={['Plan', 'Use', 'OAuth grant types']}
        rows={plans.map((plan) => [
          planRules[plan].title,
          planRules[plan].summary,
          <code>{planRules[plan].grantTypes.join(', ')}</code>,
        ])}
      />
      <h2>Environments</h2>
      <Table
        head={['Environment', 'FHIR base URL', 'Data']}
        rows={environments.map((environment) => [
          environmentRule(environment).title,
          <Url>{addresses[environment].fhirBaseUrl}</Url>,
          isSynthetic(environment)
            ? 'Synthetic members. None of them is a real person.'
            : 'Members of the health plan.',
        ])}
      />
      <p>
        A token of one environment does not work in the other. The SMART configuration of each environment is
        at <code>[FHIR base URL]/.well-known/smart-configuration</code>.
      </p>
      <h2>Signing in</h2>
      <p>
        You can sign in with a passkey instead of your password. Your account page adds passkeys. You need no
        email then: the passkey names your account. We mail you when a passkey is added or removed. The
        account page also lists your sessions and ends them, one by one or all at once.
      </p>
      <h2>Working together</h2>
      <p>
        Apps belong to an organization. Every account has one of its own. On its page, an admin renames it and
        invites colleagues by mail. An invitation works once, for seven days, with the address that you have
        invited.
      </p>
      <Table
        head={['Role', 'What it may do']}
        rows={organizationRoles.map((role) => [
          organizationRoleRules[role].title,
          organizationRoleRules[role].summary,
        ])}
      />
      <h2>From a program</h2>
      <p>
        Every action of the portal is also a call of its <a href="/docs/api#portal-api">JSON API</a>. Dynamic
        client registration (RFC 7591) is at <code>{addresses.sandbox.registrationUrl}</code>; it needs an
        initial access token, which the page of your apps issues. The answer has a{' '}
        <code>registration_access_token</code> and a <code>registration_client_uri</code>: with them the
        program reads (GET), replaces (PUT) or ends (DELETE) its registration (RFC 7592). You can end this
        token on the Credentials page of the app.
      </p>
      <p>
        A registration may have a <code>software_statement</code> (RFC 7591 §2.3): metadata that an issuer has
        signed. If the plan trusts the issuer, each claim of the statement replaces the same member of the
        request, and the answer repeats the statement. A plan that trusts no issuer ignores the statement.
      </p>
      <h2>Help</h2>
      <p>
        Write to <a href={`mailto:${contact}`}>{contact}</a>. Name the X-Request-Id of the answer that you do
        not understand.
      </p>
    </>
  ),
};
