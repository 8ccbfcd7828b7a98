import { describe, expect, it } from 'vitest';
import { allAuditActions, auditActions } from '@payer/smart';
import type { Act } from './act.js';
import { auditSentences, sentenceOf } from './audit-sentences.js';
import { plainText } from './sentence.js';

const act = (action: string, more: Partial<Act> = {}): Act => ({
  action,
  actor_role: 'developer',
  actor: 'ada@client-app.example',
  app: { text: 'Health One' },
  sub: 'sub-7',
  organization: 'Apps Inc',
  environment: null,
  detail: {},
  ...more,
});
const textOf = (action: string, more: Partial<Act> = {}) => plainText(sentenceOf(act(action, more)));
const system = { actor_role: 'system', actor: null } as const;
const member = { actor_role: 'member', actor: 'sub-7' } as const;

describe('the sentences of the audit trail', () => {
  it('are one for each kind of act, and none is of a kind that does not exist', () => {
    expect(Object.keys(auditSentences).sort()).toEqual([...allAuditActions].sort());
  });

  it.each([...new Set(Object.values(auditActions).flat())])(
    'have an actor, an end and no gap for %s, with and without a record',
    (action) => {
      for (const more of [{}, { app: null, sub: null, organization: null, ...system }, member]) {
        const text = textOf(action, more);
        expect(text).toMatch(/^([A-Z]|ada@)[^{}[\]]*\.$/);
        expect(text).not.toMatch(/undefined|null|\s\s|\s[.,;]|“”/);
      }
    },
  );

  it.each<[string, Partial<Act>, string]>([
    ['app-registered', {}, 'ada@client-app.example registered Health One.'],
    [
      'app-updated',
      { detail: { changed: { redirect_uris: [], client_name: 'x' } } },
      'ada@client-app.example changed Health One: redirect uris, client name.',
    ],
    [
      'app-suspended',
      { actor_role: 'platform', actor: 'rita@plan.example', detail: { reason: 'a leak' } },
      'rita@plan.example of the platform team suspended Health One, because of “a leak”.',
    ],
    [
      'organization-invited',
      { detail: { person: 'bob@x.example', role: 'viewer' } },
      'ada@client-app.example invited bob@x.example to Apps Inc as viewer.',
    ],
    [
      'organization-renamed',
      { detail: { from: 'Old', new_name: 'New' } },
      'ada@client-app.example renamed the organization Old to New.',
    ],
    ['member-removed', { ...system, app: null }, 'An operator removed member sub-7 from all services.'],
    ['grant-revoked', { ...member, detail: { reason: 'member' } }, 'Member sub-7 disconnected Health One.'],
    [
      'grant-revoked',
      { ...system, detail: { reason: 'expired' } },
      'The access of Health One to the data of member sub-7 ended: its time was over.',
    ],
    [
      'grant-allowed',
      { ...member, detail: { until: '2026-12-01T08:00:00.000Z' } },
      'Member sub-7 allowed Health One to read the data until December 1, 2026 at 8:00 AM UTC.',
    ],
    [
      'data-access',
      {
        actor_role: 'app',
        detail: { interaction: 'search', resource_type: 'Coverage', status: 200, resources: 2 },
      },
      'The app Health One searched for Coverage, with the access of member sub-7. It got 2 resources.',
    ],
    [
      'data-access',
      { actor_role: 'app', detail: { interaction: 'read', resource_type: 'Patient', status: 404 } },
      'The app Health One read Patient, with the access of member sub-7. It was refused (404).',
    ],
    [
      'lever-pulled',
      { detail: { lever: 'next-error', endpoint: 'token', error: 'server_error' } },
      'ada@client-app.example let the next token request of Health One answer with server_error.',
    ],
    [
      'sign-in-refused',
      { actor_role: 'unknown', actor: null, app: null },
      'A sign-in of somebody unknown to the portal was refused.',
    ],
    [
      'password-reset',
      { ...system, app: null, detail: { email: 'team@example.org', by: 'configuration' } },
      'The configuration gave team@example.org a new password.',
    ],
    ['signed-in', { ...member }, 'Member sub-7 signed in for Health One.'],
  ])('say %s in plain words', (action, more, expected) => expect(textOf(action, more)).toBe(expected));

  it('name an act of a later version', () =>
    expect(textOf('app-painted')).toBe('ada@client-app.example did app-painted.'));
});
