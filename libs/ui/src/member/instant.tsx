import type { Texts } from '../texts/texts.js';

/** An instant in the plan's time zone; {@link memberScript} shows it in the browser's own zone. */
export function Instant(props: { texts: Texts; at: Date; show?: 'date' | 'time' | 'dateAndTime' }) {
  const { texts, at, show = 'date' } = props;
  return (
    <time dateTime={at.toISOString()} data-show={show}>
      {texts[show](at)}
    </time>
  );
}
