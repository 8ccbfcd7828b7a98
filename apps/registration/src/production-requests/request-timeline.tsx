import { Card, Time } from '@payer/ui';
import { answerLabel } from '../request-record/questions.js';
import type { EntryKind, HistoryEntry } from '../request-record/request-history.js';
import { securityRisks, type SecurityRiskKey } from '../request-record/security-risks.js';

const acts: Record<EntryKind, string> = {
  submitted: 'submitted the request',
  resubmitted: 'submitted the request again',
  withdrawn: 'withdrew the request',
  message: 'wrote',
  'changes-requested': 'asked for changes',
  approved: 'approved the request',
  rejected: 'rejected the request',
  appealed: 'appealed against the rejection',
};

const riskOf = (reason: string) => securityRisks[reason as SecurityRiskKey]?.title ?? reason;

/** The steps and messages of a request, the oldest first. */
export function RequestTimeline({ history, title }: { history: readonly HistoryEntry[]; title: string }) {
  if (history.length === 0) return null;
  return (
    <Card title={title}>
      <ol class="timeline">
        {history.map((entry) => (
          <li key={`${entry.at}${entry.kind}`}>
            <p>
              <strong>
                <bdi>{entry.by === 'platform' ? `${entry.name} (platform team)` : entry.name}</bdi>
              </strong>{' '}
              {acts[entry.kind]} <span class="muted">{<Time iso={entry.at} withTime />}</span>
            </p>
            {entry.reason && <p>Reason: {riskOf(entry.reason)}</p>}
            {entry.text && <p class="words">{entry.text}</p>}
            {entry.changed.length > 0 && (
              <>
                <p>Changed since the last submission:</p>
                <dl>
                  {entry.changed.map(({ name, from, to }) => [
                    <dt>{answerLabel(name)}</dt>,
                    <dd>
                      {from && <del>{from}</del>} {to ? <ins>{to}</ins> : <span class="muted">removed</span>}
                    </dd>,
                  ])}
                </dl>
              </>
            )}
          </li>
        ))}
      </ol>
    </Card>
  );
}
