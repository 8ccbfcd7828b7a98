import { eventContracts, parseCloudEvent, type CloudEvent, type ServiceName } from '@payer/smart';
import { signerOf } from './event-signature.js';
import type { ServicePublicKeys } from './service-keys.js';
import { UntrustedEvent } from './untrusted-event.js';

/** What a replayed dead letter has instead of the key of its thing, so that compaction never prefers it. */
export const replayKey = 'replay-';

/** An event whose signature fits, and where it lay. */
interface Delivered {
  event: CloudEvent;
  signer: ServiceName;
  topic: string;
  /** Message key, or key of the row. */
  key: string | null;
}

/** Each rule says what is wrong, or nothing. */
type Rule = (delivered: Delivered) => string | false;

const isOnItsTopic: Rule = ({ event, topic }) =>
  event.type !== topic && `event of type ${event.type} on topic ${topic}`;

const mayBeWrittenBySigner: Rule = ({ event, signer }) => {
  const sources: readonly ServiceName[] = eventContracts[event.type].sources;
  return (
    !sources.includes(signer) && `${signer} signed it, but only ${sources.join(', ')} may tell ${event.type}`
  );
};

const namesSignerAsSource: Rule = ({ event, signer }) =>
  event.source !== `/${signer}` && `${signer} signed it, but its source is ${event.source}`;

/** Several services tell audit entries: each tells its own only. */
const namesSignerAsService: Rule = ({ event, signer }) =>
  'service' in event.data &&
  event.data.service !== signer &&
  `${signer} signed it, but it tells a fact of ${event.data.service}`;

const namesItsThing: Rule = ({ event }) => {
  const { key } = eventContracts[event.type];
  return (
    event.subject !== (event.data as Record<string, unknown>)[key] && `its subject is not its data.${key}`
  );
};

/** Compaction drops all but the newest event of a key: an event under a foreign key would remove another thing's. */
const liesUnderItsKey: Rule = ({ event, key }) =>
  key !== event.subject && !key?.startsWith(replayKey) && 'its key in the log is not its subject';

const rules = [
  isOnItsTopic,
  mayBeWrittenBySigner,
  namesSignerAsSource,
  namesSignerAsService,
  namesItsThing,
  liesUnderItsKey,
];

/**
 * Reads an event and checks who wrote it, before anything of it is applied.
 * @param raw as it came from the transport
 * @throws UntrustedEvent saying which rule is broken; Error saying which part breaks the contract
 */
export function readTrusted(
  raw: unknown,
  where: { topic: string; key: string | null },
  keys: ServicePublicKeys,
): CloudEvent {
  // What is no object cannot be signed; the contract says so in plainer words.
  const signer = typeof raw === 'object' && raw !== null ? signerOf(raw, keys).service : undefined;
  const event = parseCloudEvent(raw);
  if (signer === undefined) throw new UntrustedEvent('it is not signed');
  for (const rule of rules) {
    const wrong = rule({ event, signer, ...where });
    if (wrong) throw new UntrustedEvent(wrong);
  }
  return event;
}
