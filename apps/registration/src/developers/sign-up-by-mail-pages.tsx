import { Button, ErrorSummary, Form, TextField, type FieldError } from '@payer/ui';
import { errorOf, PortalPage } from '../http/portal-page.js';

/** The answer to every sign-up by mail. */
export function SignUpSentPage({ planName, email }: { planName: string; email: string }) {
  return (
    <PortalPage title="Open the link in our mail" planName={planName}>
      <div class="column">
        <h1>Open the link in our mail</h1>
        <p role="status">
          We sent a mail to <bdi class="words">{email}</bdi>. Open its link, and enter your password there to
          create the account. The mail can take a few minutes to arrive.
        </p>
        <p>
          No mail? Look in your spam folder, or <a href="/sign-up">sign up again</a>. An address gets at most
          five such mails in two days. The link of an earlier mail works, too.
        </p>
      </div>
    </PortalPage>
  );
}

/** The page behind the link. Only its form creates the account, so a mail scanner creates none. */
export function FinishSignUpPage(props: {
  planName: string;
  email: string;
  token: string;
  errors?: FieldError[];
}) {
  const { planName, email, token, errors = [] } = props;
  return (
    <PortalPage title="Finish your sign-up" planName={planName}>
      <div class="column">
        <h1>Finish your sign-up</h1>
        <div class="card">
          <ErrorSummary errors={errors} title="Your account was not created" />
          <p>
            Create an account for <bdi class="words">{email}</bdi>? Enter the password that you chose at the
            sign-up.
          </p>
          <Form action="/sign-up/finish">
            <input type="hidden" name="token" value={token} />
            <TextField
              label="Password"
              name="password"
              type="password"
              autocomplete="current-password"
              error={errorOf(errors, 'password')}
              required
            />
            <Button>Create the account</Button>
          </Form>
        </div>
        <p>
          Forgot this password? <a href="/sign-up">Sign up again</a> with another one, and use this link.
        </p>
        <p>If you did not sign up, close this page: no account is created.</p>
      </div>
    </PortalPage>
  );
}
