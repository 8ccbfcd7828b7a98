import { Badge, Breadcrumbs, Card, ErrorSummary, Time } from '@payer/ui';
import { hasDuty } from '../sessions/duties.js';
import { PortalPage, type SignedInShell } from '../http/portal-page.js';
import { ChangeList } from '../reviewed-changes/change-list.js';
import type { ChangeView } from '../reviewed-changes/change-decisions.service.js';
import { DecisionForms, summaryOf, type RefusedDecision } from './decision-forms.js';

const statusTitles = {
  pending: 'Waiting',
  approved: 'Approved',
  rejected: 'Rejected',
  superseded: 'Superseded',
} as const;

/** A change of an approved app: the reviewed values beside the changed ones. */
export function ChangePage(props: SignedInShell & { change: ChangeView; refused?: RefusedDecision }) {
  const { change, refused, ...shell } = props;
  return (
    <PortalPage title={`Change of ${change.client_name}`} current="/" {...shell}>
      <Breadcrumbs items={[{ href: '/', label: 'Requests' }, { label: `Change of ${change.client_name}` }]} />
      <div class="row between">
        <h1>
          Change of <bdi>{change.client_name}</bdi>
        </h1>
        <Badge tone={change.status === 'pending' ? 'warn' : 'neutral'}>{statusTitles[change.status]}</Badge>
      </div>
      {refused && <ErrorSummary errors={summaryOf(refused)} title="That did not work" />}
      <Card title="Changed values">
        <p>
          The developer changed the approved app on <Time iso={change.created_at} withTime />. The sandbox
          shows the change. Production shows the reviewed values.{' '}
          <a href={`/apps/${change.client_id}`}>The app</a>
        </p>
        <ChangeList changes={change.changes} />
        {change.note && <p class="words">{change.note}</p>}
      </Card>
      {change.status === 'pending' && hasDuty(shell.actor, 'review') && (
        <DecisionForms
          action={`/platform/changes/${change.id}`}
          refused={refused}
          canAskBack={false}
          approveLabel="Approve for production"
        />
      )}
    </PortalPage>
  );
}
