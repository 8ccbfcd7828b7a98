import type { Activity } from './activity.service.js';
import { DayChart } from './day-chart.js';

/** Requests per day, with refused or failed ones in front. The table below has the same figures. */
export function TrafficChart({ traffic }: { traffic: Activity['traffic'] }) {
  const days = [...new Set(traffic.map(({ day }) => day))].sort();
  if (days.length === 0) return null;
  const bars = days.map((day) => {
    const rows = traffic.filter((row) => row.day === day);
    const sum = (of: (row: Activity['traffic'][number]) => number) =>
      rows.reduce((all, row) => all + of(row), 0);
    return { day, requests: sum((row) => row.requests), errors: sum((row) => row.errors) };
  });
  const total = bars.reduce((all, { requests }) => all + requests, 0);
  const failed = bars.reduce((all, { errors }) => all + errors, 0);
  return (
    <DayChart
      id="traffic"
      title="FHIR requests per day"
      summary={`${total} requests on ${days.length} ${days.length === 1 ? 'day' : 'days'}, ${failed} of them refused or failed. The table has the figures of each day.`}
      unit=""
      legend={[
        { class: 'served', label: 'Requests' },
        { class: 'refused', label: 'Refused or failed' },
      ]}
      days={bars.map(({ day, requests, errors }) => ({
        day,
        parts: [
          { value: requests, class: 'served' },
          { value: errors, class: 'refused' },
        ],
      }))}
    />
  );
}
