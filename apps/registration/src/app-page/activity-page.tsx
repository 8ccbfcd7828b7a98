import { Card, Table, Time } from '@payer/ui';
import type { Activity } from '../activity/activity.service.js';
import { AppFrame, type AppFrameProps } from './app-frame.js';

export function ActivityPage(props: AppFrameProps & { activity: Activity }) {
  const { activity } = props;
  return (
    <AppFrame tab="activity" {...props}>
      <Card title="Failed authorization attempts">
        {activity.failed_authorizations.length === 0 ? (
          <p class="muted">None.</p>
        ) : (
          <Table
            head={['When', 'Environment', 'Error', 'Reason', 'redirect_uri']}
            rows={activity.failed_authorizations
              .slice(0, 20)
              .map((attempt) => [
                <Time iso={attempt.at} withTime />,
                attempt.environment,
                attempt.error,
                attempt.detail,
                attempt.redirect_uri ? <code>{attempt.redirect_uri}</code> : '',
              ])}
          />
        )}
      </Card>
      <Card title="Traffic of the last 30 days">
        {activity.traffic.length === 0 ? (
          <p class="muted">No requests yet.</p>
        ) : (
          <Table
            head={['Day', 'Environment', 'Requests', 'Refused or failed']}
            rows={activity.traffic.map((day) => [
              day.day,
              day.environment,
              String(day.requests),
              String(day.errors),
            ])}
          />
        )}
      </Card>
    </AppFrame>
  );
}
