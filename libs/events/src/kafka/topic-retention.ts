import { eventContracts, type EventType } from '@payer/smart';

const hour = 3600 * 1000;
/**
 * Milliseconds before compaction may remove an older event of a key. Longer than any access token lives, so a
 * starting replica still sees each step of the last hour.
 */
const compactionLag = 2 * hour;
/**
 * Milliseconds after which Kafka closes a segment. Only closed segments are compacted or deleted; Kafka's
 * default is a week.
 */
const segmentLength = { compacted: 24 * hour, deleted: hour / 2 };
/** Bytes. A dead letter holds an event as text within JSON, and escaping can turn one byte into six. */
const largestDeadLetter = 8 * 1024 * 1024;

export type TopicConfiguration = Record<string, string>;

/** Retention settings of an event's topic, from its contract. */
export function topicConfiguration(type: EventType): TopicConfiguration {
  const { keptHours } = eventContracts[type];
  const compacted = {
    'cleanup.policy': 'compact',
    'min.compaction.lag.ms': String(compactionLag),
    'segment.ms': String(segmentLength.compacted),
  };
  if (keptHours === null) return compacted;
  const retention = String(keptHours * hour);
  if (keptHours * hour > compactionLag)
    return { ...compacted, 'cleanup.policy': 'compact,delete', 'retention.ms': retention };
  return {
    'cleanup.policy': 'delete',
    'retention.ms': retention,
    'segment.ms': String(segmentLength.deleted),
  };
}

export const deadLetterConfiguration: TopicConfiguration = {
  'cleanup.policy': 'compact',
  'max.message.bytes': String(largestDeadLetter),
};
