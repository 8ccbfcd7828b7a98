import { Button, Form, Notice } from '@payer/ui';
import { PortalPage } from '../http/portal-page.js';
import { organizationRoleRules } from '../organization-rights/organization-rights.js';
import type { Actor } from '../sessions/actor.js';
import type { OpenInvitation } from './invitations.service.js';

/** The page behind the link of an invitation. A person without a session signs in or up first. */
export function InvitationPage(props: {
  planName: string;
  actor: Actor | undefined;
  invitation: OpenInvitation;
  token: string;
}) {
  const { planName, actor, invitation, token } = props;
  const { title, summary } = organizationRoleRules[invitation.role];
  const next = new URLSearchParams({ next: `/invitation?token=${token}` });
  const isAddressee = actor?.email.toLowerCase() === invitation.email.toLowerCase();
  return (
    <PortalPage title="Invitation" planName={planName} actor={actor}>
      <div class="column">
        <h1 class="words">{invitation.organization} invites you</h1>
        <div class="card">
          <p>
            <bdi class="words">{invitation.invited_by}</bdi> invites{' '}
            <bdi class="words">{invitation.email}</bdi> to share its apps.
          </p>
          <p>
            <strong>Your role: {title}.</strong> {summary}
          </p>
          {isAddressee && (
            <Form action="/invitation">
              <input type="hidden" name="token" value={token} />
              <Button>Join the organization</Button>
            </Form>
          )}
          {actor && !isAddressee && (
            <Notice tone="warn" title="This invitation is for another address">
              <p>
                You are signed in as <bdi class="words">{actor.email}</bdi>. Sign out, then open the link
                again.
              </p>
            </Notice>
          )}
          {!actor && (
            <>
              <p>
                Join with an account for <bdi class="words">{invitation.email}</bdi>.
              </p>
              <p class="row">
                <a class="button primary" href={`/sign-in?${next}`}>
                  Sign in
                </a>
                <a class="button secondary" href={`/sign-up?${next}`}>
                  Sign up
                </a>
              </p>
            </>
          )}
        </div>
      </div>
    </PortalPage>
  );
}
