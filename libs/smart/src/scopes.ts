import { planRules, plans, type Plan, type Scope } from './plans.js';

/** All supported scopes. User-level scopes and EHR launch are not supported. */
export const scopes: readonly Scope[] = [...new Set(plans.flatMap((plan) => planRules[plan].scopes))];

export interface ScopeDecision {
  /** The scopes of the token; empty when `problem` is set. */
  granted: readonly Scope[];
  /** Text for `error_description` of `invalid_scope` (RFC 6749 §5.2), with the wrong scopes. */
  problem?: string;
}

/**
 * Decides the scopes of a token from the requested scopes. A plan's token carries exactly the plan's scopes:
 * fewer or other scopes are refused. Tolerated scopes may be requested and are not granted.
 *
 * @param requested the `scope` parameter, scopes separated by spaces, or undefined when absent
 */
export function decideScopes(plan: Plan, requested: string | undefined): ScopeDecision {
  const rule = planRules[plan];
  const asked = [...new Set((requested ?? '').split(' ').filter(Boolean))];
  const missing = rule.scopes.filter((scope) => !asked.includes(scope));
  const foreign = asked.filter((scope) => ![...rule.scopes, ...rule.toleratedScopes].includes(scope));
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

/** Replaces characters that RFC 6749 §5.2 does not allow in `error_description`. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?').slice(0, 100);
}
