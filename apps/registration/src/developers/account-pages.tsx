import {
  Badge,
  Button,
  Card,
  ErrorSummary,
  Form,
  Notice,
  Table,
  TextField,
  Time,
  type FieldError,
} from '@payer/ui';
import { errorOf, PortalPage } from '../http/portal-page.js';
import type { Actor } from '../sessions/actor.js';
import { browserInWords } from './browser-in-words.js';
import { EmailCard } from './email-confirmation-page.js';
import { shortestPassword } from './password-rules.js';
import type { OwnSession } from '../sessions/portal-sessions.js';

const passwordHint = `At least ${shortestPassword} characters, and none of the common ones.`;

interface Props {
  planName: string;
  errors?: FieldError[];
}

/** The signed-in account: password and sessions. */
export function AccountPage(
  props: Props & {
    actor: Actor;
    sessions: OwnSession[];
    isChanged?: boolean;
    isConfirmed: boolean;
    isLinkSent?: boolean;
  },
) {
  const { planName, actor, sessions, errors = [], isChanged, isConfirmed, isLinkSent } = props;
  return (
    <PortalPage title="Account" planName={planName} actor={actor} current="/account">
      <h1>Your account</h1>
      {isChanged && (
        <Notice tone="good" title="Your password is changed">
          <p>All other sessions have ended.</p>
        </Notice>
      )}
      <EmailCard email={actor.email} isConfirmed={isConfirmed} isSent={isLinkSent} />
      <Card title="Change your password">
        <ErrorSummary errors={errors} title="Your password was not changed" />
        <Form action="/account/password" class="column">
          <TextField
            label="Current password"
            name="current_password"
            type="password"
            autocomplete="current-password"
            error={errorOf(errors, 'current_password')}
            required
          />
          <TextField
            label="New password"
            name="new_password"
            type="password"
            autocomplete="new-password"
            hint={passwordHint}
            error={errorOf(errors, 'new_password')}
            required
          />
          <Button>Change password</Button>
        </Form>
      </Card>
      <Card title="Passkeys">
        <p>Sign in with your fingerprint, your face or the PIN of your device instead of a password.</p>
        <a class="button secondary" href="/account/passkeys">
          Your passkeys
        </a>
      </Card>
      <Card title="Where you are signed in">
        <Table
          head={['Since', 'Until', 'From', 'With', '']}
          rows={sessions.map((session) => [
            session.started_at ? <Time iso={session.started_at} withTime /> : '',
            <Time iso={session.expires_at} withTime />,
            <span class="nowrap">{session.address ?? ''}</span>,
            <bdi title={session.agent ?? undefined}>{browserInWords(session.agent ?? '')}</bdi>,
            session.is_current ? (
              <Badge tone="good">This session</Badge>
            ) : (
              <Form action="/account/sessions">
                <input type="hidden" name="id" value={session.id} />
                <Button variant="secondary">End</Button>
              </Form>
            ),
          ])}
        />
        <Form action="/account/sessions">
          <input type="hidden" name="all" value="true" />
          <Button variant="danger">Sign out everywhere</Button>
        </Form>
      </Card>
    </PortalPage>
  );
}

export function ForgotPasswordPage({ planName, errors = [], isSent }: Props & { isSent?: boolean }) {
  return (
    <PortalPage title="Forgot your password?" planName={planName}>
      <div class="column">
        <h1>Forgot your password?</h1>
        {isSent ? (
          <Notice tone="good" title="Check your mail">
            <p>
              If the address has an account, a link to choose a new password is on its way. It works for an
              hour.
            </p>
          </Notice>
        ) : (
          <div class="card">
            <ErrorSummary errors={errors} />
            <Form action="/forgot-password">
              <TextField
                label="Email"
                name="email"
                type="email"
                autocomplete="username"
                error={errorOf(errors, 'email')}
                required
              />
              <Button>Send a link</Button>
            </Form>
          </div>
        )}
      </div>
    </PortalPage>
  );
}

export function ResetPasswordPage({ planName, errors = [], token }: Props & { token: string }) {
  return (
    <PortalPage title="Choose a new password" planName={planName}>
      <div class="column">
        <h1>Choose a new password</h1>
        <div class="card">
          <ErrorSummary errors={errors} title="Your password was not changed" />
          <Form action="/reset-password">
            <input type="hidden" name="token" value={token} />
            <TextField
              label="New password"
              name="new_password"
              type="password"
              autocomplete="new-password"
              hint={passwordHint}
              error={errorOf(errors, 'new_password')}
              required
            />
            <Button>Set password</Button>
          </Form>
        </div>
        <p>
          <a href="/forgot-password">Ask for another link</a>
        </p>
      </div>
    </PortalPage>
  );
}
