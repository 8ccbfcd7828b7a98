import { Button, Card, Form } from '@payer/ui';
import { PortalPage } from '../http/portal-page.js';
import type { Actor } from '../sessions/actor.js';

/** The page behind the link of the mail. */
export function ConfirmedEmailPage({ planName, actor }: { planName: string; actor?: Actor }) {
  return (
    <PortalPage title="Email address confirmed" planName={planName} actor={actor}>
      <div class="column">
        <h1>Your email address is confirmed</h1>
        <p>You can ask for production access now.</p>
        <p>{actor ? <a href="/">Your apps</a> : <a href="/sign-in">Sign in</a>}</p>
      </div>
    </PortalPage>
  );
}

/** The state of the address on the account page. */
export function EmailCard(props: { email: string; isConfirmed: boolean; isSent?: boolean }) {
  const { email, isConfirmed, isSent } = props;
  return (
    <Card title="Email address">
      <p>
        <bdi>{email}</bdi> {isConfirmed ? 'is confirmed.' : 'is not confirmed yet.'}
      </p>
      {isSent && <p role="status">We have sent a link. It can take a few minutes to arrive.</p>}
      {!isConfirmed && (
        <Form action="/account/confirm-email">
          <Button variant="secondary">Send me another link</Button>
        </Form>
      )}
    </Card>
  );
}
