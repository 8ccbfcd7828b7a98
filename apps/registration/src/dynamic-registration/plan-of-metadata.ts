import { decideScopes, planOfGrantType, planRules, plans, type Plan } from '@payer/smart';
import { z } from 'zod';
import { RegistrationError } from './registration-error.js';

/** The part of client metadata (RFC 7591 §2) that says how the app will ask for tokens. */
export const flowMetadata = z.object({
  grant_types: z.array(z.string(), 'must be a list of grant types').optional(),
  response_types: z.array(z.string(), 'must be a list of response types').optional(),
  token_endpoint_auth_method: z.string('must be a text').optional(),
  scope: z.string('must be a text, scopes separated by spaces').optional(),
});
type FlowMetadata = z.infer<typeof flowMetadata>;

/** What the plan makes of it: the registered values (RFC 7591 §3.2.1 lets the server replace what was asked). */
export function registeredFlow(plan: Plan) {
  const rule = planRules[plan];
  return {
    grant_types: [...rule.grantTypes],
    response_types: rule.grantTypes.includes('authorization_code') ? ['code'] : [],
    token_endpoint_auth_method: 'client_secret_basic' as const,
    scope: rule.scopes.join(' '),
  };
}

/**
 * Finds the plan of an app that registers itself: from its grant types, else from its scope, else the authorization code flow
 * (RFC 7591's default). All of its metadata must fit that one plan.
 *
 * @throws RegistrationError `invalid_client_metadata`, naming the member at fault
 */
export function planOfMetadata(metadata: FlowMetadata): Plan {
  const plan = planOfGrantTypes(metadata.grant_types) ?? planOfScope(metadata.scope) ?? 'patient-access';
  const flow = registeredFlow(plan);
  const title = planRules[plan].title;
  const authMethod = metadata.token_endpoint_auth_method ?? flow.token_endpoint_auth_method;
  if (authMethod !== flow.token_endpoint_auth_method)
    refuse('token_endpoint_auth_method', `must be ${flow.token_endpoint_auth_method}`);
  for (const type of metadata.response_types ?? flow.response_types)
    if (!flow.response_types.includes(type))
      refuse('response_types', `${JSON.stringify(type)} does not belong to the ${title}'s flow`);
  if (metadata.scope !== undefined) {
    const { problem } = decideScopes(plan, metadata.scope);
    if (problem) refuse('scope', problem);
  }
  return plan;
}

function planOfGrantTypes(grantTypes: string[] | undefined): Plan | undefined {
  if (!grantTypes) return undefined;
  const found = new Set(
    grantTypes.map(
      (type) => planOfGrantType(type) ?? refuse('grant_types', `${JSON.stringify(type)} is not supported`),
    ),
  );
  if (found.size > 1)
    refuse('grant_types', 'belong to different plans; register an app for each: ' + grantTypesOfPlans);
  const [plan] = found;
  if (!plan) return refuse('grant_types', `must name a flow: ${grantTypesOfPlans}`);
  if (grantTypes.every((type) => type === 'refresh_token'))
    refuse('grant_types', 'refresh_token needs authorization_code beside it');
  return plan;
}

const grantTypesOfPlans = plans
  .map((plan) => `${planRules[plan].title}: ${planRules[plan].grantTypes.join(', ')}`)
  .join('; ');

function planOfScope(scope: string | undefined): Plan | undefined {
  return scope?.split(' ').some((part) => part.startsWith('system/')) ? 'provider-directory' : undefined;
}

function refuse(member: string, problem: string): never {
  throw new RegistrationError('invalid_client_metadata', `${member}: ${problem}`);
}
