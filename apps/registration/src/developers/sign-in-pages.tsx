import { Button, ErrorSummary, Form, PasskeyForm, TextField, type FieldError } from '@payer/ui';
import { passkeyWords } from '../http/passkey-words.js';
import { errorOf, PortalPage } from '../http/portal-page.js';
import { shortestPassword } from './password-rules.js';

interface Props {
  planName: string;
  values?: Record<string, string | undefined>;
  errors?: FieldError[];
  /** The page that follows, if it is not the usual one. */
  next?: string;
}

const NextField = ({ next }: { next: string | undefined }) =>
  next ? <input type="hidden" name="next" value={next} /> : null;

/** @param props.teamProvider name of the provider at which the platform team signs in */
export function SignInPage({
  planName,
  values = {},
  errors = [],
  teamProvider,
  next,
}: Props & { teamProvider?: string }) {
  return (
    <PortalPage title="Sign in" planName={planName} current="/sign-in">
      <div class="column">
        <h1>Sign in</h1>
        <div class="card">
          <ErrorSummary errors={errors} title="We could not sign you in" />
          <Form action="/sign-in">
            <NextField next={next} />
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
        <div class="card">
          <PasskeyForm
            act="get"
            action="/sign-in/passkey"
            options="/sign-in/passkey/options"
            words={passkeyWords}
          >
            <NextField next={next} />
            <Button variant="secondary">Sign in with a passkey</Button>
          </PasskeyForm>
        </div>
        {teamProvider && (
          <div class="card">
            <h2>Platform team</h2>
            <a class="button secondary" href="/platform/sign-in">
              Sign in with {teamProvider}
            </a>
          </div>
        )}
        <p>
          New here? <a href="/sign-up">Sign up as a developer</a>.{' '}
          <a href="/forgot-password">Forgot your password?</a>
        </p>
      </div>
    </PortalPage>
  );
}

export function SignUpPage({ planName, values = {}, errors = [], next }: Props) {
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
    <PortalPage title="Sign up" planName={planName} current="/sign-up">
      <div class="column">
        <h1>Sign up as a developer</h1>
        <p class="lead">Register an app and try it with synthetic members in the sandbox within minutes.</p>
        <div class="card">
          <ErrorSummary errors={errors} />
          <Form action="/sign-up">
            <NextField next={next} />
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
