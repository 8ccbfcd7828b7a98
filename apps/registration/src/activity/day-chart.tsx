const height = 100;
const barWidth = 18;
const gap = 6;
/** Room for the label of the highest value. */
const left = 34;

/** A part of a day's column, from the bottom up. Later parts are drawn over earlier ones. */
export interface ColumnPart {
  value: number;
  class: 'served' | 'refused' | 'usual' | 'slow';
}

/**
 * A picture of one column per day. Screen readers get its title and its summary; the table beside it has the
 * figures.
 */
export function DayChart(props: {
  /** Distinguishes the pictures of a page. */
  id: string;
  title: string;
  summary: string;
  unit: string;
  days: readonly { day: string; parts: readonly ColumnPart[] }[];
  legend: readonly { class: ColumnPart['class']; label: string }[];
}) {
  const { id, title, summary, unit, legend } = props;
  const columns = everyDay(props.days.map(({ day }) => day)).map((day) => ({
    day,
    parts: props.days.find((one) => one.day === day)?.parts ?? [],
  }));
  const highest = Math.max(1, ...columns.flatMap(({ parts }) => parts.map(({ value }) => value)));
  const width = Math.max(left + columns.length * (barWidth + gap), 280);
  const tall = (value: number) => (value / highest) * height;
  return (
    <figure>
      <svg
        class="bars"
        viewBox={`0 -10 ${width} ${height + 28}`}
        preserveAspectRatio="xMinYMid"
        role="img"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-summary`}
      >
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-summary`}>{summary}</desc>
        <Scale highest={highest} unit={unit} width={width} />
        {columns.map(({ day, parts }, index) => {
          const x = left + index * (barWidth + gap);
          return (
            <g key={day}>
              {parts.map(({ value, class: name }) => (
                <rect
                  key={name}
                  class={name}
                  x={x}
                  y={height - tall(value)}
                  width={barWidth}
                  height={tall(value)}
                />
              ))}
              <text x={x + barWidth / 2} y={height + 12} text-anchor="middle">
                {day.slice(8)}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption class="row small muted">
        {legend.map(({ class: name, label }) => (
          <span key={name}>
            <span class={`swatch ${name}`} aria-hidden="true" /> {label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function Scale({ highest, unit, width }: { highest: number; unit: string; width: number }) {
  return (
    <>
      {[0, highest].map((value) => {
        const y = value === 0 ? height : 0;
        return (
          <g key={value}>
            <line class="scale" x1={left - 4} x2={width} y1={y} y2={y} />
            <text x={left - 6} y={y + 3} text-anchor="end">
              {value === 0 ? '0' : `${value}${unit}`}
            </text>
          </g>
        );
      })}
    </>
  );
}

/** The days from the first to the last, also those without a figure. */
function everyDay(days: readonly string[]): string[] {
  const [first] = [...days].sort();
  const last = [...days].sort().at(-1);
  if (!first || !last) return [];
  const all: string[] = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += 86_400_000)
    all.push(new Date(at).toISOString().slice(0, 10));
  return all;
}
