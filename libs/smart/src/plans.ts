import { flows, type Flow, type FlowRule } from './flows.js';
import { planTable, type PlanReads, type PlanRow } from './plan-table.js';

/**
 * The access that an app subscribes to: exactly one plan, unchangeable. A developer who needs two plans
 * registers two apps.
 */
export type Plan = keyof typeof planTable;
export const plans = Object.keys(planTable) as [Plan, ...Plan[]];

/** Every scope that a plan grants. User-level scopes and EHR launch are not supported. */
export type Scope = (typeof planTable)[Plan]['scopes'][number];

/** A plan's row with the rules of its flow. */
export interface PlanRule extends FlowRule {
  title: string;
  summary: string;
  flow: Flow;
  scopes: readonly Scope[];
  toleratedScopes: readonly string[];
  reads: PlanReads;
}

export const planRules = Object.fromEntries(
  plans.map((plan) => [plan, { ...flows[(planTable[plan] as PlanRow).flow], ...planTable[plan] }]),
) as unknown as Record<Plan, PlanRule>;

/** The plans of a flow. */
export function plansOfFlow(flow: Flow): Plan[] {
  return plans.filter((plan) => planRules[plan].flow === flow);
}

/** The titles of plans within a sentence: "the Patient Access API or the Provider Directory API". */
export function titlesOf(these: readonly Plan[]): string {
  return these.map((plan) => `the ${planRules[plan].title}`).join(' or ');
}

/** All resource types that a token of each plan may read. */
export const resourceTypesOfPlan = Object.fromEntries(
  plans.map((plan) => [plan, new Set(typesOf(planRules[plan].reads))]),
) as unknown as Record<Plan, ReadonlySet<string>>;

function typesOf(reads: PlanReads): readonly string[] {
  return reads.data === 'own compartment'
    ? [...reads.compartment, ...reads.referenced, ...reads.ofGrant]
    : reads.types;
}
