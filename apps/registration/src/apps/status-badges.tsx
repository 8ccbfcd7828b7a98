import { Badge } from '@payer/ui';
import { planRules } from '@payer/smart';
import type { AppView } from './app-view.js';

/** The state of the app in each environment, in one or two words. */
export function StatusBadges({ app }: { app: AppView }) {
  if (app.status === 'suspended') return <Badge tone="bad">Suspended</Badge>;
  if (app.status === 'deleted') return <Badge>Deleted</Badge>;
  if (!app.plan) return <Badge tone="warn">Choose a plan</Badge>;
  return (
    <span class="row">
      <Badge tone="good">Sandbox open</Badge>
      <ProductionBadge app={app} />
    </span>
  );
}

function ProductionBadge({ app }: { app: AppView }) {
  if (app.environments.includes('production')) return <Badge tone="good">Production open</Badge>;
  if (app.production_request?.status === 'pending') return <Badge tone="warn">Production in review</Badge>;
  if (app.production_request?.status === 'changes_requested')
    return <Badge tone="warn">Production: changes requested</Badge>;
  if (app.production_request?.status === 'rejected')
    return <Badge tone="warn">Production not approved</Badge>;
  return <Badge>Production closed</Badge>;
}

export const planTitle = (app: AppView) => (app.plan ? planRules[app.plan].title : 'No plan yet');
