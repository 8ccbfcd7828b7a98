import { planRules, plans, scopeMeanings, scopes } from '@payer/smart';
import { Table } from '@payer/ui';
import type { Document } from './document.js';

/** Scopes that apps of other platforms send, with the reason why this server refuses them. */
export const refusedScopes = [
  {
    scope: 'patient/Observation.rs',
    reason: 'A member says yes or no to the whole record. A token for single resource types is not offered.',
  },
  {
    scope: 'patient/*.read',
    reason: 'This is the spelling of SMART 1. Send patient/*.rs.',
  },
  { scope: 'user/*.rs', reason: 'There are no users besides members.' },
  { scope: 'launch', reason: 'There is no launch from an EHR. Send launch/patient.' },
  { scope: 'patient/*.cruds', reason: 'The API is read-only.' },
] as const;

export const scopesDocument: Document = {
  slug: 'scopes',
  title: 'Scopes',
  summary: 'The scopes of each plan, and why others are refused.',
  body: () => (
    <>
      <p>
        A token carries exactly the scopes of its app’s plan. A request that asks for less or more is refused
        with <a href="/docs/errors/invalid_scope">invalid_scope</a>, and the description names the scope.
      </p>
      <Table
        head={['Scope', 'Meaning']}
        rows={scopes.map((scope) => [<code>{scope}</code>, scopeMeanings[scope]])}
      />
      {plans.map((plan) => (
        <section key={plan}>
          <h2>{planRules[plan].title}</h2>
          <p>
            Send <code>{planRules[plan].scopes.join(' ')}</code>.
          </p>
          {planRules[plan].toleratedScopes.length > 0 && (
            <p>
              A request may also name <code>{planRules[plan].toleratedScopes.join(' ')}</code>. They are
              ignored and not granted.
            </p>
          )}
        </section>
      ))}
      <h2>Refused</h2>
      <Table
        head={['Scope', 'Reason']}
        rows={refusedScopes.map(({ scope, reason }) => [<code>{scope}</code>, reason])}
      />
      <p>Every token answer about a member has a refresh token. No scope is needed for it.</p>
    </>
  ),
};
