import { decideScopes } from '@payer/smart';
import type { Check } from './check.js';

/** The plan's scopes (SMART 2.2 §3). `check-app` runs before and refuses an app without a plan. */
export const checkScopes: Check = ({ app, parameters }) => {
  if (app.plan === null) throw new Error('an app without a plan has passed the check of its plan');
  const { problem } = decideScopes(app.plan, parameters.get('scope') ?? undefined);
  return problem ? { error: 'invalid_scope', description: problem } : undefined;
};
