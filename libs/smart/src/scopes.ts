import { planRules, type Plan } from './plans.js';

/** Every scope there is. User-level scopes and EHR launch are not supported. */
export const scopes = ['openid', 'fhirUser', 'launch/patient', 'patient/*.rs', 'system/*.rs'] as const;
export type Scope = (typeof scopes)[number];

/** What each scope means to a member, in plain words; only scopes that a member is asked about have an entry. */
export const scopeMeanings: Partial<Record<Scope, { title: string; detail: string }>> = {
  'patient/*.rs': {
    title: 'Your health and insurance records',
    detail:
      'Coverage, claims and what they cost, visits, conditions, medications, lab results, immunizations, procedures, care plans and documents. The app can read them; it can never change them.',
  },
  fhirUser: {
    title: 'Who you are',
    detail: 'Your name, date of birth, address and member number, as your health plan has them.',
  },
};

export interface ScopeDecision {
  /** What the token will carry; empty when `problem` is set. */
  granted: readonly Scope[];
  /** Text for `error_description` of `invalid_scope` (RFC 6749 §5.2), naming the scopes at fault. */
  problem?: string;
}

/**
 * Decides the scopes of a token from what was asked. A plan's token carries exactly the plan's scopes: asking for
 * less or more is refused; tolerated scopes may be named and are left out.
 *
 * @param requested the `scope` parameter, scopes separated by spaces, or undefined when absent
 */
export function decideScopes(plan: Plan, requested: string | undefined): ScopeDecision {
  const rule = planRules[plan];
  const asked = [...new Set((requested ?? '').split(' ').filter(Boolean))];
  const missing = rule.scopes.filter((scope) => !asked.includes(scope));
  const foreign = asked.filter(
    (scope) => ![...rule.scopes, ...rule.toleratedScopes].includes(scope),
  );
  if (missing.length === 0 && foreign.length === 0) return { granted: rule.scopes };
  const faults = [
    foreign.length ? `not supported: ${foreign.map(printable).join(' ')}` : '',
    missing.length ? `missing: ${missing.join(' ')}` : '',
  ].filter(Boolean);
  return {
    granted: [],
    problem: `${rule.title} tokens need exactly the scopes ${rule.scopes.join(' ')} (${faults.join('; ')})`,
  };
}

/** Keeps to the characters that RFC 6749 §5.2 allows in `error_description`. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 100);
}
