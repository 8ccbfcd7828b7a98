import { Button, Form } from '@payer/ui';
import { PortalPage } from '../http/portal-page.js';
import type { PendingSignUp } from './sign-up-by-mail.service.js';

/** The answer to every sign-up by mail. */
export function SignUpSentPage({ planName, email }: { planName: string; email: string }) {
  return (
    <PortalPage title="Open the link in our mail" planName={planName}>
      <div class="column">
        <h1>Open the link in our mail</h1>
        <p role="status">
          We sent a mail to <bdi class="words">{email}</bdi>. Its link creates your account. It can take a few
          minutes to arrive.
        </p>
        <p>
          No mail? Look in your spam folder, or <a href="/sign-up">sign up again</a>.
        </p>
      </div>
    </PortalPage>
  );
}

/** The page behind the link. Only its button creates the account, so a mail scanner creates none. */
export function FinishSignUpPage(props: { planName: string; signUp: PendingSignUp; token: string }) {
  const { planName, signUp, token } = props;
  return (
    <PortalPage title="Finish your sign-up" planName={planName}>
      <div class="column">
        <h1>Finish your sign-up</h1>
        <div class="card">
          <p>
            Create an account for <bdi class="words">{signUp.email}</bdi>, with the name{' '}
            <bdi class="words">{signUp.name}</bdi> and the organization{' '}
            <bdi class="words">{signUp.organization}</bdi>?
          </p>
          <Form action="/sign-up/finish">
            <input type="hidden" name="token" value={token} />
            <Button>Create the account</Button>
          </Form>
        </div>
        <p>If you did not sign up, close this page: no account is created.</p>
      </div>
    </PortalPage>
  );
}
