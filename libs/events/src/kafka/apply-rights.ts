import { serviceNames } from '@payer/smart';
import type { EventLogger } from '../publisher.js';
import { deadLetterTopic, KafkaCluster } from './cluster.js';
import { kafkaAcls } from './rights.js';
import { kafkaClient } from './kafka-client.js';
import type { KafkaSettings } from './settings.js';

/**
 * Creates all topics and grants every service its rights. Needs the rights of an administrator. Safe to
 * repeat at any time.
 * @returns the number of access control entries
 */
export async function applyKafkaRights(settings: KafkaSettings, logger: EventLogger): Promise<number> {
  const kafka = kafkaClient(settings, 'kafka-rights', logger);
  const cluster = new KafkaCluster(kafka, settings);
  const admin = kafka.admin();
  try {
    await cluster.ensureTopics(logger);
    for (const service of serviceNames) await cluster.ensureDeadLetters(deadLetterTopic(settings, service));
    await admin.connect();
    const acl = kafkaAcls(settings);
    await admin.createAcls({ acl });
    return acl.length;
  } finally {
    await admin.disconnect();
    await cluster.close();
  }
}
