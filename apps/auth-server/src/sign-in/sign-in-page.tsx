import type { Environment } from '@payer/smart';
import { Button, ErrorPage, ErrorSummary, Form, Page, renderPage, TextField } from '@payer/ui';

export interface SignInPageProps {
  planName: string;
  environment: Environment;
  /** Name of the app that sent the member here, or undefined when it is our own connected-apps page. */
  appName?: string;
  username?: string;
  problem?: string;
}

function SignInPage({ planName, environment, appName, username, problem }: SignInPageProps) {
  return (
    <Page title="Sign in" area="member" planName={planName} environment={environment}>
      <h1>Sign in</h1>
      <p class="lead">
        {appName
          ? `${appName} wants to read records that ${planName} holds about you. Sign in first; then you see what it asks for and decide.`
          : 'Sign in to see which apps are connected to your records.'}
      </p>
      <div class="card">
        {problem && <ErrorSummary title="We could not sign you in" errors={[{ message: problem }]} />}
        <Form action="">
          <TextField
            label="Username"
            name="username"
            value={username}
            autocomplete="username"
            spellcheck={false}
            autofocus
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
      <p class="muted small">{`You are signing in at ${planName}. The app never sees your password.`}</p>
    </Page>
  );
}

export function renderSignInPage(props: SignInPageProps): string {
  return renderPage(<SignInPage {...props} />);
}

/** A wrong turn on the way through sign-in and consent, by which nothing was shared. */
export function renderStartAgainPage(
  planName: string,
  environment: Environment,
  whatHappened: string,
): string {
  return renderPage(
    <ErrorPage
      title="Please start again"
      area="member"
      planName={planName}
      environment={environment}
      whatHappened={`${whatHappened} Nothing was shared.`}
      whatToDo="Go back to the app and connect again."
    />,
  );
}

/** A page of a sign-in that is over, however it ended: reached by the back button, a bookmark or too late. */
export function renderOutOfDatePage(
  planName: string,
  environment: Environment,
  connectedApps: string,
): string {
  return renderPage(
    <ErrorPage
      title="This page is out of date"
      area="member"
      planName={planName}
      environment={environment}
      whatHappened="You have answered already, it took too long, or the page was opened in another browser."
      whatToDo={
        <>
          Go back to the app. If it is not connected, connect it again.{' '}
          <a href={connectedApps}>Your connected apps</a> show what you share.
        </>
      }
    />,
  );
}
