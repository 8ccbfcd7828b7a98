import { environmentRule, type Environment } from '@payer/smart';

/**
 * A subquery of the apps: `client_id`, `state`, and `shown`, the state with the names that the environment
 * shows (`asReviewed` of libs/smart).
 */
export function shownApps(environment: Environment): string {
  const isReviewed = environmentRule(environment).opens === 'with-approval';
  return `(SELECT client_id, state, CASE WHEN ${isReviewed} AND state->'reviewed' <> 'null'
                                        THEN state || (state->'reviewed') ELSE state END AS shown
           FROM app_model)`;
}
