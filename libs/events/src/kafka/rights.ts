import kafkajs, { type AclEntry } from 'kafkajs';
import { eventContracts, eventTypes, serviceNames, type ServiceName } from '@payer/smart';
import { deadLetterTopic } from './cluster.js';
import type { KafkaSettings } from './settings.js';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

/** Services in which each process reads every event, in a consumer group per process. */
const replicas: readonly ServiceName[] = ['fhir-api'];

/** An operation of a service's user on a resource. */
type Operation = 'READ' | 'WRITE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS' | 'DELETE';

interface Right {
  resource: 'TOPIC' | 'GROUP';
  name: string;
  /** LITERAL: the name is the resource's full name. PREFIXED: the name is a prefix of resource names. */
  pattern: 'LITERAL' | 'PREFIXED';
  operations: readonly Operation[];
}

/**
 * The rights of a service on the cluster, from the event table: write the topics that it may publish to, read
 * the topics that it acts on, and use its own consumer groups and dead letters. A service may describe every
 * topic and create none.
 */
export function kafkaRights(service: ServiceName, settings: KafkaSettings): Right[] {
  const prefix = settings.KAFKA_TOPIC_PREFIX;
  const letters = deadLetterTopic(settings, service);
  const group = `${prefix}${service}`;
  const useGroup = ['READ', 'DESCRIBE', 'DELETE'] as const;
  return [
    ...eventTypes.map((type): Right => {
      const operations: Operation[] = ['DESCRIBE', 'DESCRIBE_CONFIGS'];
      if ((eventContracts[type].sources as readonly ServiceName[]).includes(service))
        operations.push('WRITE');
      if (service in eventContracts[type].actedOn) operations.push('READ');
      return { resource: 'TOPIC', name: `${prefix}${type}`, pattern: 'LITERAL', operations };
    }),
    { resource: 'TOPIC', name: letters, pattern: 'LITERAL', operations: ['READ', 'WRITE', 'DESCRIBE'] },
    { resource: 'GROUP', name: `${letters}.`, pattern: 'PREFIXED', operations: useGroup },
    replicas.includes(service)
      ? { resource: 'GROUP', name: `${group}.`, pattern: 'PREFIXED', operations: useGroup }
      : { resource: 'GROUP', name: group, pattern: 'LITERAL', operations: useGroup },
  ];
}

/** The rights of all services as access control lists. The user of a service has the service's name. */
export function kafkaAcls(settings: KafkaSettings): AclEntry[] {
  return serviceNames.flatMap((service) =>
    kafkaRights(service, settings).flatMap(({ resource, name, pattern, operations }) =>
      operations.map((operation) => ({
        principal: `User:${service}`,
        host: '*',
        permissionType: AclPermissionTypes.ALLOW,
        resourceType: AclResourceTypes[resource],
        resourceName: name,
        resourcePatternType: ResourcePatternTypes[pattern],
        operation: AclOperationTypes[operation],
      })),
    ),
  );
}
