import type { Environment } from '@payer/smart';
import {
  AppHeading,
  Button,
  Card,
  ErrorSummary,
  Form,
  MemberPage,
  renderPage,
  TextField,
  type Texts,
} from '@payer/ui';

export interface SignInPageProps {
  texts: Texts;
  planName: string;
  environment: Environment;
  /** The app that sent the member here; undefined when it is our own connected-apps page. */
  app?: { client_name: string; organization: string };
  /** Where the member gives up and goes back to the app. */
  cancelAction: string;
  username?: string;
  problem?: string;
}

function SignInPage(props: SignInPageProps) {
  const { texts, planName, environment, app, cancelAction, username, problem } = props;
  return (
    <MemberPage texts={texts} title={texts.t('signIn.title')} planName={planName} environment={environment}>
      <h1>{texts.t('signIn.title')}</h1>
      {app ? (
        <>
          <Card>
            <AppHeading texts={texts} name={app.client_name} organization={app.organization} />
          </Card>
          <p class="lead">
            {texts.rich('signIn.app', { app: <bdi>{app.client_name}</bdi>, plan: planName })}{' '}
            {texts.t('signIn.app.next')}
          </p>
        </>
      ) : (
        <p class="lead">{texts.t('signIn.connectedApps')}</p>
      )}
      <Card>
        {problem && <ErrorSummary title={texts.t('signIn.problem')} errors={[{ message: problem }]} />}
        <Form action="">
          <TextField
            label={texts.t('signIn.username')}
            name="username"
            value={username}
            autocomplete="username"
            spellcheck={false}
            autofocus
            required
          />
          <TextField
            label={texts.t('signIn.password')}
            name="password"
            type="password"
            autocomplete="current-password"
            required
          />
          <Button>{texts.t('signIn.button')}</Button>
        </Form>
      </Card>
      <p class="muted small">{texts.t('signIn.safe', { plan: planName })}</p>
      {app && (
        <Form action={cancelAction}>
          <button class="button link">{texts.t('signIn.cancel')}</button>
        </Form>
      )}
    </MemberPage>
  );
}

export function renderSignInPage(props: SignInPageProps): string {
  return renderPage(<SignInPage {...props} />);
}
