import { Badge } from '@payer/ui';
import { environmentRule, environments, planRules, type Environment } from '@payer/smart';
import { needsApproval } from './app-state.js';
import type { AppView } from './app-view.js';

/** The state of the app in each environment, in one or two words. */
export function StatusBadges({ app }: { app: AppView }) {
  if (app.status === 'suspended') return <Badge tone="bad">Suspended</Badge>;
  if (app.status === 'deleted') return <Badge>Deleted</Badge>;
  if (!app.plan) return <Badge tone="warn">Choose a plan</Badge>;
  return (
    <span class="row">
      {environments.map((environment) => (
        <EnvironmentBadge key={environment} app={app} environment={environment} />
      ))}
    </span>
  );
}

function EnvironmentBadge({ app, environment }: { app: AppView; environment: Environment }) {
  const { title } = environmentRule(environment);
  if (app.environments.includes(environment)) return <Badge tone="good">{`${title} open`}</Badge>;
  const request = needsApproval(environment) ? app.production_request?.status : undefined;
  if (request === 'pending') return <Badge tone="warn">{`${title} in review`}</Badge>;
  if (request === 'changes_requested') return <Badge tone="warn">{`${title}: changes requested`}</Badge>;
  if (request === 'rejected') return <Badge tone="warn">{`${title} not approved`}</Badge>;
  return <Badge>{`${title} closed`}</Badge>;
}

export const planTitle = (app: AppView) => (app.plan ? planRules[app.plan].title : 'No plan yet');
