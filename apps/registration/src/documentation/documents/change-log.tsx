import { Time } from '@payer/ui';
import type { Document } from './document.js';

/** Changes that an app developer may notice, the newest first. */
const changes = [
  {
    date: '2026-11-28',
    title: 'Logos are uploaded',
    text: 'The settings page of an app and the portal API take a logo file (PNG, JPEG or SVG). A logo at the address logo_uri works as before.',
  },
  {
    date: '2026-11-28',
    title: 'Organizations',
    text: 'Apps belong to an organization. Its admins invite colleagues and give them roles. Your apps belong to an organization of your own.',
  },
  {
    date: '2026-11-28',
    title: 'Passkeys',
    text: 'Developers sign in with a passkey, without email and password. The account page and the portal API add and remove them.',
  },
  {
    date: '2026-11-28',
    title: 'Documentation, error pages and sandbox members',
    text: 'The portal serves this documentation. Every OAuth error names its page in error_uri. All twelve sandbox members can sign in. A replaced secret can be ended before its grace period.',
  },
];

export const changeLog: Document = {
  slug: 'change-log',
  title: 'Change log',
  summary: 'Changes that an app developer may notice.',
  body: () => (
    <>
      {changes.map(({ date, title, text }) => (
        <section key={date}>
          <h2>{title}</h2>
          <p class="muted">
            <Time iso={date} />
          </p>
          <p>{text}</p>
        </section>
      ))}
      <h2>What to expect</h2>
      <p>
        New members in JSON answers, new resource types and new search parameters can come at any time. Ignore
        members that you do not know. A change that breaks apps is announced here in advance.
      </p>
    </>
  ),
};
