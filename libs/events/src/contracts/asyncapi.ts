import { eventContracts, eventTypes, type EventType } from '@payer/smart';
import { stringify } from 'yaml';
import { topicConfiguration } from '../kafka/topic-retention.js';
import { envelopeSchema, things } from './schemas.js';

const contentType = 'application/cloudevents+json';
const reference = (path: string) => ({ $ref: `#/${path}` });

/** The contracts as an AsyncAPI 3.0 document, in YAML. */
export function asyncApi(): string {
  return stringify(
    {
      asyncapi: '3.0.0',
      info: {
        title: 'Events of the SMART on FHIR platform',
        version: '1.0.0',
        description:
          'The events that the four services publish. Made from the contracts in libs/smart/src/events.ts by `npm run event-docs`; docs/events.md says the same in words.',
        license: { name: 'Apache-2.0' },
      },
      defaultContentType: contentType,
      servers: {
        local: {
          host: 'localhost:9092',
          protocol: 'kafka',
          description:
            'npm run kafka. Elsewhere KAFKA_BROKERS says where, and KAFKA_TOPIC_PREFIX precedes the topics.',
        },
      },
      channels: Object.fromEntries(eventTypes.map((type) => [type, channel(type)])),
      operations: Object.fromEntries(eventTypes.flatMap(operations)),
      components: {
        messages: Object.fromEntries(eventTypes.map((type) => [type, message(type)])),
        schemas: Object.fromEntries(
          [envelopeSchema, ...things.map(({ schema }) => schema)].map((schema) => [schema.title, schema]),
        ),
      },
    },
    { aliasDuplicateObjects: false, lineWidth: 0 },
  );
}

function channel(type: EventType) {
  const configuration = topicConfiguration(type);
  return {
    address: type,
    description: eventContracts[type].meaning,
    messages: { [type]: reference(`components/messages/${type}`) },
    bindings: {
      kafka: {
        topic: type,
        topicConfiguration: Object.fromEntries(
          Object.entries(configuration)
            // The schema of the Kafka binding defines only these two settings.
            .filter(([name]) => name === 'cleanup.policy' || name === 'retention.ms')
            .map(([name, value]) => [name, name === 'cleanup.policy' ? value.split(',') : Number(value)]),
        ),
        bindingVersion: '0.5.0',
      },
    },
  };
}

function operations(type: EventType): [string, object][] {
  const { sources, actedOn, meaning } = eventContracts[type];
  const about = {
    channel: reference(`channels/${type}`),
    messages: [reference(`channels/${type}/messages/${type}`)],
  };
  return [
    ...sources.map((source): [string, object] => [
      `${source}-sends-${type}`,
      { action: 'send', summary: `${source}: ${meaning}`, ...about },
    ]),
    ...Object.entries(actedOn).map(([service, does]): [string, object] => [
      `${service}-receives-${type}`,
      { action: 'receive', summary: `${service} ${does}.`, ...about },
    ]),
  ];
}

function message(type: EventType) {
  const { key, data } = eventContracts[type];
  return {
    name: type,
    summary: eventContracts[type].meaning,
    contentType,
    payload: {
      allOf: [
        reference('components/schemas/CloudEvent'),
        {
          type: 'object',
          properties: { type: { const: type }, data: reference(`components/schemas/${data.meta()?.title}`) },
        },
      ],
    },
    bindings: {
      kafka: { key: { type: 'string', description: `data.${key}` }, bindingVersion: '0.5.0' },
    },
  };
}
