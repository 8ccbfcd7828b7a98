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
import type { TestMember } from '../members/members.js';
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
  const { texts, planName, environment, app, providers, cancelAction, username, problem } = props;
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
      <MemberPicker texts={texts} members={props.testMembers} action={props.testMemberAction} />
      <p class="muted small">{texts.t('signIn.safe', { plan: planName })}</p>
      {app && (
        <Form action={cancelAction}>
          <button class="button link">{texts.t('signIn.cancel')}</button>
        </Form>
      )}
    </MemberPage>
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
