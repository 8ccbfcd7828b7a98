import { eventContracts, parseCloudEvent, type CloudEvent, type ServiceName } from '@payer/smart';
import { signerOf } from './event-signature.js';
import type { ServicePublicKeys } from './service-keys.js';
import { UntrustedEvent } from './untrusted-event.js';

/**
 * Key prefix of replayed dead letters. They do not use their subject's key, so compaction never prefers them.
 */
export const replayKey = 'replay-';

/** An event with a valid signature, and its place in the log. */
interface Delivered {
  event: CloudEvent;
  signer: ServiceName;
  topic: string;
  /** Key of the message or of the row. */
  key: string | null;
}

/** Returns the fault, or false. */
type Rule = (delivered: Delivered) => string | false;

const isOnItsTopic: Rule = ({ event, topic }) =>
  event.type !== topic && `event of type ${event.type} on topic ${topic}`;

const mayBeWrittenBySigner: Rule = ({ event, signer }) => {
  const sources: readonly ServiceName[] = eventContracts[event.type].sources;
  return (
    !sources.includes(signer) &&
    `${signer} signed it, but only ${sources.join(', ')} may publish ${event.type}`
  );
};

const namesSignerAsSource: Rule = ({ event, signer }) =>
  event.source !== `/${signer}` && `${signer} signed it, but its source is ${event.source}`;

/** Several services publish audit entries, each only its own. */
const namesSignerAsService: Rule = ({ event, signer }) =>
  'service' in event.data &&
  event.data.service !== signer &&
  `${signer} signed it, but its fact belongs to ${event.data.service}`;

const namesItsThing: Rule = ({ event }) => {
  const { key } = eventContracts[event.type];
  return (
    event.subject !== (event.data as Record<string, unknown>)[key] && `its subject is not its data.${key}`
  );
};

/**
 * Compaction keeps only the newest event of a key: an event under a foreign key would remove the event of
 * another subject.
 */
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
 * Parses an event and checks its writer before the event is applied.
 * @param raw as received from the transport
 * @throws UntrustedEvent with the broken rule; Error with the part that breaks the contract
 */
export function readTrusted(
  raw: unknown,
  where: { topic: string; key: string | null },
  keys: ServicePublicKeys,
): CloudEvent {
  // A value that is no object cannot be signed; the contract's error is clearer.
  const signer = typeof raw === 'object' && raw !== null ? signerOf(raw, keys).service : undefined;
  const event = parseCloudEvent(raw);
  if (signer === undefined) throw new UntrustedEvent('it is not signed');
  for (const rule of rules) {
    const wrong = rule({ event, signer, ...where });
    if (wrong) throw new UntrustedEvent(wrong);
  }
  return event;
}
