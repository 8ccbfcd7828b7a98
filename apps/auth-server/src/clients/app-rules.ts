import {
  environmentRule,
  flowOfGrantType,
  planRules,
  plans,
  plansOfFlow,
  titlesOf,
  type AppState,
  type Environment,
  type Flow,
} from '@payer/smart';

/**
 * Why an app may not use a flow in an environment. Applies the plan rules of the developer page, in the order
 * in which a developer can correct them.
 * @returns text for `error_description` of `unauthorized_client` (RFC 6749 §4.1.2.1, §5.2), or undefined when
 * allowed
 */
export function whyNotAllowed(app: AppState, environment: Environment, flow: Flow): string | undefined {
  if (app.status === 'deleted') return 'the app has been deleted in the developer portal';
  if (app.status === 'suspended')
    return 'the app is suspended by the platform team; see the developer portal';
  if (app.plan === null)
    return `the app has no plan; subscribe it to ${titlesOf(plans)} in the developer portal`;
  if (planRules[app.plan].flow !== flow)
    return `this flow needs ${titlesOf(plansOfFlow(flow))} as plan; the app is subscribed to the ${planRules[app.plan].title}. Create another app for such a plan`;
  if (!app.environments.includes(environment))
    return environmentRule(environment).opens === 'with-approval'
      ? `the app is not approved for ${environment}; request ${environment} access in the developer portal`
      : `the app may not use ${environment}; see the developer portal`;
  return undefined;
}

/** Same as {@link whyNotAllowed}, for a grant type of the token endpoint. */
export function whyGrantTypeNotAllowed(
  app: AppState,
  environment: Environment,
  grantType: string,
): string | undefined {
  const flow = flowOfGrantType(grantType);
  return flow ? whyNotAllowed(app, environment, flow) : 'no plan has this grant type';
}
