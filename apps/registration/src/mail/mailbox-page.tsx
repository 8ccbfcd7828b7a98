import { EmptyState } from '@payer/ui';
import { PortalPage } from '../http/portal-page.js';
import type { Mail } from './mailer.js';

/** The mails that a local system would have sent. */
export function MailboxPage({ planName, mails }: { planName: string; mails: Mail[] }) {
  return (
    <PortalPage title="Mailbox" planName={planName}>
      <h1>Mailbox of this local system</h1>
      {mails.length === 0 && (
        <EmptyState title="No mail">
          <p>Mails that the portal would send appear here.</p>
        </EmptyState>
      )}
      {mails.map((mail, index) => (
        <section class="card" key={index}>
          <h2>{mail.subject}</h2>
          <p class="muted">To {mail.to}</p>
          <pre>{mail.text}</pre>
          {mail.links.map((link) => (
            <p key={link}>
              <a href={link}>{link}</a>
            </p>
          ))}
        </section>
      ))}
    </PortalPage>
  );
}
