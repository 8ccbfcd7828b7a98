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
import type { TestMember } from '../members/test-members.js';
import { MemberPicker } from './member-picker.js';

export interface SignInPageProps {
  texts: Texts;
  planName: string;
  environment: Environment;
  /** The app that sent the member here. Undefined for our own connected-apps page. */
  app?: { client_name: string; organization: string };
  /** The plan's own providers. Without a provider, members sign in here with a password. */
  providers: readonly { name: string; action: string }[];
  /** Synthetic members that can be clicked. Empty outside the sandbox. */
  testMembers: readonly TestMember[];
  testMemberAction: string;
  /** Page of the plan where a member gets a new password. */
  forgotPasswordUrl?: string;
  /** URL that cancels the sign-in and returns to the app. */
  cancelAction: string;
  username?: string;
  problem?: string;
}

function SignInPage(props: SignInPageProps) {
  const { texts, planName, environment, testMembers } = props;
  const hasPicker = testMembers.length > 0;
  return (
    <MemberPage
      texts={texts}
      title={texts.t('signIn.title')}
      planName={planName}
      environment={environment}
      isWide={hasPicker}
    >
      {hasPicker ? (
        <div class="beside">
          <div>
            <SignIn {...props} />
          </div>
          <MemberPicker texts={texts} members={testMembers} action={props.testMemberAction} />
        </div>
      ) : (
        <SignIn {...props} />
      )}
    </MemberPage>
  );
}

/** The app that asks, the form or the providers, and the way back. */
function SignIn(props: SignInPageProps) {
  const { texts, planName, app, providers, cancelAction, username, problem } = props;
  return (
    <>
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
      {providers.length > 0 ? (
        <Providers texts={texts} providers={providers} />
      ) : (
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
          {props.forgotPasswordUrl && (
            <p>
              <a href={props.forgotPasswordUrl}>{texts.t('signIn.forgot')}</a>
            </p>
          )}
        </Card>
      )}
      <p class="muted small">{texts.t('signIn.safe', { plan: planName })}</p>
      {app && (
        <Form action={cancelAction}>
          <button class="button link">{texts.t('signIn.cancel')}</button>
        </Form>
      )}
    </>
  );
}

/** A button for each provider. It leads to the provider's page, where the member types the password. */
function Providers({ texts, providers }: Pick<SignInPageProps, 'texts' | 'providers'>) {
  return (
    <Card>
      {providers.map(({ name, action }) => (
        <Form action={action} key={action}>
          <p>
            <Button>{texts.t('signIn.provider', { provider: name })}</Button>
          </p>
        </Form>
      ))}
    </Card>
  );
}

export function renderSignInPage(props: SignInPageProps): string {
  return renderPage(<SignInPage {...props} />);
}
