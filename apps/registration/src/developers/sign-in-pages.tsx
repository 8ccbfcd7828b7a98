import type { Addresses } from '@payer/smart';
import { Button, ErrorSummary, Form, TextField, type FieldError } from '@payer/ui';
import { errorOf, PortalPage } from '../http/portal-page.js';
import { shortestPassword } from './password-rules.js';

interface Props {
  planName: string;
  values?: Record<string, string | undefined>;
  errors?: FieldError[];
}

export function SignInPage({ planName, values = {}, errors = [] }: Props) {
  return (
    <PortalPage title="Sign in" planName={planName}>
      <div class="column">
        <h1>Sign in</h1>
        <div class="card">
          <ErrorSummary errors={errors} title="We could not sign you in" />
          <Form action="/sign-in">
            <TextField
              label="Email"
              name="email"
              type="email"
              value={values.email}
              autocomplete="username"
              required
            />
            <TextField
              label="Password"
              name="password"
              type="password"
              autocomplete="current-password"
              required
            />
            <Button>Sign in</Button>
          </Form>
        </div>
        <p>
          New here? <a href="/sign-up">Sign up as a developer</a>.{' '}
          <a href="/forgot-password">Forgot your password?</a>
        </p>
      </div>
    </PortalPage>
  );
}

export function SignUpPage({ planName, values = {}, errors = [] }: Props) {
  const field = (label: string, name: string, more: Partial<Parameters<typeof TextField>[0]> = {}) => (
    <TextField
      label={label}
      name={name}
      value={values[name]}
      error={errorOf(errors, name)}
      required
      {...more}
    />
  );
  return (
    <PortalPage title="Sign up" planName={planName}>
      <div class="column">
        <h1>Sign up as a developer</h1>
        <p class="lead">Register an app and try it with synthetic members in the sandbox within minutes.</p>
        <div class="card">
          <ErrorSummary errors={errors} />
          <Form action="/sign-up">
            {field('Your name', 'name', { autocomplete: 'name' })}
            {field('Organization', 'organization', {
              autocomplete: 'organization',
              hint: 'Members see it on the consent screen.',
            })}
            {field('Email', 'email', { type: 'email', autocomplete: 'username' })}
            {field('Password', 'password', {
              type: 'password',
              autocomplete: 'new-password',
              hint: `At least ${shortestPassword} characters, and none of the common ones.`,
            })}
            <Button>Sign up</Button>
          </Form>
        </div>
        <p>
          Signed up already? <a href="/sign-in">Sign in</a>
        </p>
      </div>
    </PortalPage>
  );
}

export function WelcomePage({ planName, addresses }: { planName: string; addresses: Addresses }) {
  const sandbox = addresses.sandbox.fhirBaseUrl;
  return (
    <PortalPage title="Developers" planName={planName}>
      <h1>Build with {planName} data</h1>
      <p class="lead">
        SMART on FHIR for third-party apps: members share their records with your app when they agree, and the
        provider directory is open to all registered apps.
      </p>
      <div class="grid">
        <section class="card">
          <h2>Patient Access API</h2>
          <p>
            Claims, coverage and clinical records of one member, with their consent. Authorization code flow.
          </p>
        </section>
        <section class="card">
          <h2>Provider Directory API</h2>
          <p>Practitioners, locations, networks and plans. Client credentials flow, no member involved.</p>
        </section>
      </div>
      <p class="row">
        <a class="button primary" href="/sign-up">
          Sign up
        </a>
        <a class="button secondary" href="/sign-in">
          Sign in
        </a>
      </p>
      <div class="grid">
        <section class="card">
          <h2>Getting access</h2>
          <ol class="steps">
            <li>Sign up for a developer account.</li>
            <li>
              Create an app and register its redirect URIs. Its client_id and client_secret are yours at once.
            </li>
            <li>Choose its plan; the sandbox opens by itself. For both plans, create two apps.</li>
            <li>Request production access when your integration is ready. The platform team reviews it.</li>
          </ol>
        </section>
        <section class="card">
          <h2>Where to start</h2>
          <dl>
            <dt>Sandbox</dt>
            <dd>
              <code>{sandbox}</code>
            </dd>
            <dt>Its endpoints</dt>
            <dd>
              <a href={`${sandbox}/.well-known/smart-configuration`}>SMART configuration</a>,{' '}
              <a href={`${sandbox}/metadata`}>CapabilityStatement</a>
            </dd>
            <dt>Production</dt>
            <dd>
              <code>{addresses.production.fhirBaseUrl}</code>
            </dd>
            <dt>This portal</dt>
            <dd>
              <a href="/api/docs">API</a>, <a href="/api/openapi.json">OpenAPI document</a>
            </dd>
          </dl>
        </section>
      </div>
    </PortalPage>
  );
}
