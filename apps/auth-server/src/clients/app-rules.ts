import { planOfGrantType, planRules, type AppState, type Environment, type Plan } from '@payer/smart';

/**
 * Why an app may not use a flow in an environment: the plan rules of the developer page, in the order in which a developer can mend
 * them.
 *
 * @param plan the plan whose flow is asked for
 * @returns text for `error_description` of `unauthorized_client` (RFC 6749 §4.1.2.1, §5.2), or undefined when it may
 */
export function whyNotAllowed(app: AppState, environment: Environment, plan: Plan): string | undefined {
  if (app.status === 'deleted') return 'the app has been deleted in the developer portal';
  if (app.status === 'suspended')
    return 'the app is suspended by the platform team; see the developer portal';
  if (app.plan === null)
    return 'the app has no plan; subscribe it to the Patient Access API or the Provider Directory API in the developer portal';
  if (app.plan !== plan)
    return `this flow needs the ${planRules[plan].title} plan; the app is subscribed to the ${planRules[app.plan].title}. Create another app for the other plan`;
  if (!app.environments.includes(environment))
    return environment === 'production'
      ? 'the app is not approved for production; request production access in the developer portal'
      : `the app may not use ${environment}; see the developer portal`;
  return undefined;
}

/** As {@link whyNotAllowed}, for a grant type of the token endpoint. */
export function whyGrantTypeNotAllowed(
  app: AppState,
  environment: Environment,
  grantType: string,
): string | undefined {
  const plan = planOfGrantType(grantType);
  return plan ? whyNotAllowed(app, environment, plan) : 'no plan has this grant type';
}
