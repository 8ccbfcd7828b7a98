import {
  decideScopes,
  flowOfGrantType,
  planRules,
  plans,
  plansOfFlow,
  type Flow,
  type Plan,
} from '@payer/smart';
import { z } from 'zod';
import { RegistrationError } from '../http/registration-error.js';

/** The part of the client metadata (RFC 7591 §2) that describes the flow. */
export const flowMetadata = z.object({
  grant_types: z.array(z.string(), 'must be a list of grant types').optional(),
  response_types: z.array(z.string(), 'must be a list of response types').optional(),
  scope: z.string('must be a text, scopes separated by spaces').optional(),
});
type FlowMetadata = z.infer<typeof flowMetadata>;

/** The registered values of a plan. RFC 7591 §3.2.1 lets the server replace requested values. */
export function registeredFlow(plan: Plan) {
  const rule = planRules[plan];
  return {
    grant_types: [...rule.grantTypes],
    response_types: [...rule.responseTypes],
    scope: rule.scopes.join(' '),
  };
}

/**
 * Derives the plan of an app from the grant types and the scope of its registration. If both fit several
 * plans, the first plan of the table wins: its flow is RFC 7591's default. All metadata must fit this one
 * plan.
 *
 * @throws RegistrationError `invalid_client_metadata` that names the member at fault
 */
export function planOfMetadata(metadata: FlowMetadata): Plan {
  const flow = flowOfGrantTypes(metadata.grant_types);
  const plan = planOfScope(flow ? plansOfFlow(flow) : plans, metadata.scope);
  const registered = registeredFlow(plan);
  const title = planRules[plan].title;
  for (const type of metadata.response_types ?? registered.response_types)
    if (!(registered.response_types as string[]).includes(type))
      refuse('response_types', `${JSON.stringify(type)} does not belong to the ${title}'s flow`);
  if (metadata.scope !== undefined) {
    const { problem } = decideScopes(plan, metadata.scope);
    if (problem) refuse('scope', problem);
  }
  return plan;
}

function flowOfGrantTypes(grantTypes: string[] | undefined): Flow | undefined {
  if (!grantTypes) return undefined;
  const found = new Set(
    grantTypes.map(
      (type) => flowOfGrantType(type) ?? refuse('grant_types', `${JSON.stringify(type)} is not supported`),
    ),
  );
  if (found.size > 1)
    refuse('grant_types', 'belong to different plans; register an app for each: ' + grantTypesOfPlans);
  const [flow] = found;
  if (!flow) return refuse('grant_types', `must name a flow: ${grantTypesOfPlans}`);
  if (grantTypes.every((type) => type === 'refresh_token'))
    refuse('grant_types', 'refresh_token needs authorization_code beside it');
  return flow;
}

const grantTypesOfPlans = plans
  .map((plan) => `${planRules[plan].title}: ${planRules[plan].grantTypes.join(', ')}`)
  .join('; ');

/**
 * The plan that grants the scope. Otherwise the plan with most of the scope, so that its rules explain the
 * refusal.
 */
function planOfScope(candidates: readonly Plan[], scope: string | undefined): Plan {
  const [first] = candidates;
  if (!first) return refuse('grant_types', 'belong to a flow that no plan has');
  if (scope === undefined) return first;
  const fitting = candidates.find((plan) => decideScopes(plan, scope).problem === undefined);
  if (fitting) return fitting;
  const contextOf = (one: string) => one.split('/')[0] ?? one;
  const shared = (plan: Plan) => {
    const known = [...planRules[plan].scopes, ...planRules[plan].toleratedScopes].map(contextOf);
    return scope.split(' ').filter((one) => known.includes(contextOf(one))).length;
  };
  return candidates.reduce((best, plan) => (shared(plan) > shared(best) ? plan : best), first);
}

function refuse(member: string, problem: string): never {
  throw new RegistrationError('invalid_client_metadata', `${member}: ${problem}`);
}
