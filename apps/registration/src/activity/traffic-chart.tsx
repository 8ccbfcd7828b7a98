import type { Activity } from './activity.service.js';

const height = 100;
const barWidth = 18;
const gap = 6;

/**
 * Requests per day as bars: served requests, with refused or failed ones on top. The table below has the same
 * figures.
 */
export function TrafficChart({ traffic }: { traffic: Activity['traffic'] }) {
  const days = [...new Set(traffic.map(({ day }) => day))].sort();
  if (days.length === 0) return null;
  const bars = days.map((day) => {
    const rows = traffic.filter((row) => row.day === day);
    const sum = (of: (row: Activity['traffic'][number]) => number) =>
      rows.reduce((all, row) => all + of(row), 0);
    return { day, requests: sum((row) => row.requests), errors: sum((row) => row.errors) };
  });
  const most = Math.max(...bars.map(({ requests }) => requests), 1);
  const width = Math.max(bars.length * (barWidth + gap), 240);
  const tall = (count: number) => (count / most) * height;
  const total = bars.reduce((all, { requests }) => all + requests, 0);
  const failed = bars.reduce((all, { errors }) => all + errors, 0);
  return (
    <svg
      class="bars"
      viewBox={`0 0 ${width} ${height + 16}`}
      role="img"
      aria-label={`${total} requests in ${bars.length} days, ${failed} of them refused or failed. The table has the figures of each day.`}
    >
      {bars.map(({ day, requests, errors }, index) => (
        <g key={day}>
          <rect
            class="served"
            x={index * (barWidth + gap)}
            y={height - tall(requests)}
            width={barWidth}
            height={tall(requests - errors)}
          />
          <rect
            class="refused"
            x={index * (barWidth + gap)}
            y={height - tall(errors)}
            width={barWidth}
            height={tall(errors)}
          />
          <text x={index * (barWidth + gap)} y={height + 12}>
            {day.slice(8)}
          </text>
        </g>
      ))}
    </svg>
  );
}
