import { flows, type Flow, type FlowRule } from './flows.js';
import { planTable, type PlanReads, type PlanRow } from './plan-table.js';

/** What an app subscribes to: exactly one, for good. A developer who needs two plans makes two apps. */
export type Plan = keyof typeof planTable;
export const plans = Object.keys(planTable) as [Plan, ...Plan[]];

export function isPlan(value: unknown): value is Plan {
  return plans.includes(value as Plan);
}

/** Every scope that a plan grants. User-level scopes and EHR launch are not supported. */
export type Scope = (typeof planTable)[Plan]['scopes'][number];

/** A plan's row together with everything that follows from its flow. */
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

/** The plans whose apps use a flow. */
export function plansOfFlow(flow: Flow): Plan[] {
  return plans.filter((plan) => planRules[plan].flow === flow);
}

/** The titles of plans, as a sentence names them: "the Patient Access API or the Provider Directory API". */
export function titlesOf(these: readonly Plan[]): string {
  return these.map((plan) => `the ${planRules[plan].title}`).join(' or ');
}

/** The resource types that a token of each plan may read at all. */
export const resourceTypesOfPlan = Object.fromEntries(
  plans.map((plan) => [plan, new Set(typesOf(planRules[plan].reads))]),
) as unknown as Record<Plan, ReadonlySet<string>>;

function typesOf(reads: PlanReads): readonly string[] {
  return reads.data === 'own compartment' ? [...reads.compartment, ...reads.referenced] : reads.types;
}
