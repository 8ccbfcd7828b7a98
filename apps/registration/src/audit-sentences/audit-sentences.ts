import { planRules, type AuditAction, type GrantEnd } from '@payer/smart';
import { securityRisks, type SecurityRiskKey } from '../request-record/security-risks.js';
import {
  appOf,
  changedNames,
  memberOf,
  organizationOf,
  named,
  valueOf,
  whoOf,
  whomOf,
  withInstant,
  withValue,
  type Act,
} from './act.js';
import { nothing, say, type Sentence } from './sentence.js';

type Write = (act: Act) => Sentence;

/** Who did one thing, without further words of the record. */
const did =
  (words: string): Write =>
  (act) =>
    say`${whoOf(act)} ${[words]}.`;
/** Who did one thing to the app of the act, and a note. */
const didToApp =
  (before: string, after = '', more: Write = () => nothing): Write =>
  (act) =>
    say`${whoOf(act)} ${[before]} ${appOf(act)}${[after]}${more(act)}.`;
const withNote: Write = (act) => withValue(act, ', with the note “', 'note', '”');
const withReason: Write = (act) => withValue(act, ', because of “', 'reason', '”');
const withRisk: Write = (act) => {
  const reason = valueOf(act, 'reason');
  const risk = reason in securityRisks ? securityRisks[reason as SecurityRiskKey].title : reason;
  return risk ? [`, for the risk “${risk}”`] : nothing;
};

const grantEnds: Record<GrantEnd, string> = {
  expired: 'its time was over',
  member: 'the member disconnected the app',
  'token-reuse': 'a refresh token was used twice',
  'code-reuse': 'an authorization code was used twice',
  app: 'the app revoked a refresh token',
  'right-ended': 'the member may no longer act for the patient',
  platform: 'the platform team ended it, or the app is closed',
  developer: 'a developer of the app ended it to test the app',
  restore: 'it could not be confirmed after a restore',
};

function grantEnded(act: Act): Sentence {
  const reason = valueOf(act, 'reason');
  if (reason === 'member') return say`${whoOf(act)} disconnected ${appOf(act)}.`;
  const why = grantEnds[reason as GrantEnd] ?? reason;
  return say`The access of ${appOf(act)} to the data of ${memberOf(act)} ended: ${[why || 'no reason given']}.`;
}

function dataAccess(act: Act): Sentence {
  const how = valueOf(act, 'interaction') === 'read' ? 'read' : 'searched for';
  const type = valueOf(act, 'resource_type') || 'resources';
  const status = Number(valueOf(act, 'status'));
  const whose: Sentence = act.sub ? say`, with the access of member ${act.sub}` : nothing;
  const got: Sentence =
    status >= 400
      ? [` It was refused (${status}).`]
      : withValue(
          act,
          ' It got ',
          'resources',
          valueOf(act, 'resources') === '1' ? ' resource.' : ' resources.',
        );
  return say`${whoOf(act)} ${[how]} ${type}${whose}.${got}`;
}

const levers: Readonly<Record<string, Write>> = {
  'next-error': (act) =>
    say`let the next ${[valueOf(act, 'endpoint') || 'other']} request of ${appOf(act)} answer with ${named(act, 'error', 'an error')}`,
  'taken-back': (act) => say`took back an error that waited for ${appOf(act)}`,
  'end-grant': (act) => say`ended a grant of ${appOf(act)}, as a test`,
  'expire-token': (act) => say`ended an access token of ${appOf(act)}, as a test`,
};

function planSubscribed(act: Act): Sentence {
  const plan = valueOf(act, 'plan');
  const title = plan in planRules ? planRules[plan as keyof typeof planRules].title : plan;
  return say`${whoOf(act)} subscribed ${appOf(act)} to ${[title || 'a plan']}.`;
}

function signedIn(act: Act): Sentence {
  const by = valueOf(act, 'method') === 'passkey' ? ' with a passkey' : '';
  const where: Sentence = act.app ? say` for ${act.app}` : [' to the portal'];
  const provider = withValue(act, ', at ', 'provider');
  return say`${whoOf(act)} signed in${where}${[by]}${provider}.`;
}

function signInRefused(act: Act): Sentence {
  const where: Sentence = act.app ? say` for ${act.app}` : [' to the portal'];
  return say`A sign-in of ${whomOf(act)}${where} was refused.`;
}

/** The sentence of each kind of act. TypeScript asks for every kind, and refuses one that does not exist. */
export const auditSentences: Record<AuditAction, Write> = {
  'developer-signed-up': (act) => say`${whoOf(act)} signed up${withValue(act, ' for ', 'organization')}.`,
  'app-registered': (act) => {
    const name = valueOf(act, 'client_name');
    const then: Sentence = name && name !== act.app?.text ? say` with the name ${name}` : nothing;
    return say`${whoOf(act)} registered ${appOf(act)}${then}.`;
  },
  'app-updated': (act) => {
    const changed = changedNames(act).replaceAll('_', ' ');
    return say`${whoOf(act)} changed ${appOf(act)}${[changed && `: ${changed}`]}.`;
  },
  'app-deleted': didToApp('deleted'),
  'secret-replaced': didToApp('replaced the client secret of', '', (act) =>
    withInstant(act, '; the old one works until ', 'old_secret_expires_at'),
  ),
  'secret-ended': didToApp('ended the old client secret of'),
  'plan-subscribed': planSubscribed,
  'lever-pulled': (act) => {
    const write = levers[valueOf(act, 'lever')] ?? ((one) => say`used a lever of ${appOf(one)}`);
    return say`${whoOf(act)} ${write(act)}.`;
  },
  'production-requested': didToApp('asked for production access of'),
  'production-withdrawn': didToApp('withdrew the production request of'),
  'production-changes-requested': didToApp('asked for changes of the production request of', '', withNote),
  'production-approved': didToApp('approved the production request of', '', withNote),
  'production-rejected': (act) =>
    say`${whoOf(act)} rejected the production request of ${appOf(act)}${withRisk(act)}${withNote(act)}.`,
  'production-appealed': didToApp('appealed against the rejection of'),
  'app-attested': (act) =>
    valueOf(act, 'attested') !== 'true'
      ? say`${whoOf(act)} ${[valueOf(act, 'attested') ? 'took back' : 'changed']} the attestation for ${appOf(act)}.`
      : say`${whoOf(act)} attested the privacy practices of ${appOf(act)}${withValue(act, ', signed by ', 'by')}.`,
  'app-change-approved': didToApp('approved a change of', ' for production', withNote),
  'app-change-rejected': (act) =>
    say`${whoOf(act)} rejected a change of ${appOf(act)} for production${withRisk(act)}${withNote(act)}.`,
  'team-member-added': (act) =>
    say`${whoOf(act)} added ${named(act, 'email', 'a person')} to the platform team${withValue(act, ' as ', 'roles')}.`,
  'team-member-changed': (act) =>
    valueOf(act, 'ended') === 'true'
      ? say`${whoOf(act)} ended the team account of ${named(act, 'email', 'a person')}.`
      : say`${whoOf(act)} set the roles of ${named(act, 'email', 'a person')} in the platform team to ${named(act, 'roles', 'other roles')}.`,
  'app-suspended': didToApp('suspended', '', withReason),
  'app-reinstated': didToApp('reinstated', '', withReason),
  'initial-access-token-revoked': did('revoked a token with which a program may register apps'),
  'initial-access-token-issued': (act) =>
    say`${whoOf(act)} issued a token for the registration of apps${withValue(act, ', for ', 'uses', ' uses')}.`,
  'email-confirmed': did('confirmed the email address'),
  'webhook-added': didToApp('added a webhook to', '', (act) => withValue(act, ', at ', 'host')),
  'webhook-removed': didToApp('removed a webhook of'),
  'webhook-secret-replaced': didToApp('replaced the secret of a webhook of'),
  'audit-exported': (act) =>
    say`${whoOf(act)} began an export of the audit trail${withValue(act, ', for “', 'reason', '”')}.`,
  'audit-export-completed': (act) =>
    say`${whoOf(act)} completed an export of the audit trail${withValue(act, ', with ', 'entries', ' entries')}.`,
  'signed-in': signedIn,
  'sign-in-refused': signInRefused,
  'sign-in-throttled': (act) =>
    act.actor === null
      ? ['Sign-ins for an unknown name failed too often. They wait.']
      : say`Sign-ins of ${whomOf(act)} failed too often. They wait.`,
  'password-changed': did('changed the password'),
  'password-reset-requested': (act) => say`Somebody asked for a new password of ${whomOf(act)}.`,
  'password-reset': (act) =>
    valueOf(act, 'by') === 'configuration'
      ? say`The configuration gave ${named(act, 'email', 'an account')} a new password.`
      : did('chose a new password by a link of a mail')(act),
  'sessions-ended': (act) => say`${whoOf(act)} ended sessions${withValue(act, ': ', 'sessions')}.`,
  'passkey-added': did('added a passkey'),
  'passkey-removed': did('removed a passkey'),
  'organization-created': (act) => say`${whoOf(act)} created ${organizationOf(act)}.`,
  'organization-renamed': (act) =>
    say`${whoOf(act)} renamed the organization${withValue(act, ' ', 'from')} to ${named(act, 'new_name', 'another name')}.`,
  'organization-invited': (act) =>
    say`${whoOf(act)} invited ${named(act, 'person', 'a person')} to ${organizationOf(act)}${withValue(act, ' as ', 'role')}.`,
  'organization-invitation-withdrawn': (act) =>
    say`${whoOf(act)} withdrew the invitation of ${named(act, 'person', 'a person')} to ${organizationOf(act)}.`,
  'organization-joined': (act) =>
    say`${whoOf(act)} joined ${organizationOf(act)}${withValue(act, ' as ', 'role')}.`,
  'organization-left': (act) => say`${whoOf(act)} left ${organizationOf(act)}.`,
  'organization-role-changed': (act) =>
    say`${whoOf(act)} gave ${named(act, 'person', 'a person')} the role ${named(act, 'role', 'another role')} in ${organizationOf(act)}.`,
  'organization-member-removed': (act) =>
    say`${whoOf(act)} removed ${named(act, 'person', 'a person')} from ${organizationOf(act)}.`,
  'second-factor-added': did('turned on codes for the sign-in'),
  'second-factor-removed': did('turned off codes for the sign-in'),
  'token-revoked': (act) => say`${whoOf(act)} revoked an access token.`,
  'grant-ended': grantEnded,
  'member-removed': (act) => say`An operator removed ${memberOf(act)} from all services.`,
  'signing-keys-rotated': (act) =>
    say`An operator rotated the signing keys${withValue(act, ': step “', 'step', '”')}.`,
  'grant-allowed': (act) =>
    say`${whoOf(act)} allowed ${appOf(act)} to read the data${withInstant(act, ' until ', 'until')}.`,
  'grant-created': (act) =>
    say`The access of ${appOf(act)} to the data of ${memberOf(act)} began${withInstant(act, '; it ends on ', 'until')}.`,
  'grant-denied': (act) => say`${whoOf(act)} said no to ${appOf(act)}.`,
  'grant-shortened': (act) =>
    say`${whoOf(act)} shortened the access of ${appOf(act)}${withInstant(act, '; it ends on ', 'until')}.`,
  'grant-revoked': grantEnded,
  'data-access': dataAccess,
};

/** The sentence of an act. A later version may add kinds: such an act is shown with its name. */
export function sentenceOf(act: Act): Sentence {
  const write = auditSentences[act.action as AuditAction] as Write | undefined;
  return write ? write(act) : say`${whoOf(act)} did ${act.action}.`;
}

/** The name of a kind of act in lists: `app-registered` is "app registered". */
export const actionInWords = (action: AuditAction): string => action.replaceAll('-', ' ');
