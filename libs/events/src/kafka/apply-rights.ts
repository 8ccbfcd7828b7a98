import { serviceNames } from '@payer/smart';
import type { EventLogger } from '../publisher.js';
import { deadLetterTopic, KafkaCluster } from './cluster.js';
import { kafkaAcls } from './rights.js';
import { kafkaClient } from './kafka-client.js';
import type { KafkaSettings } from './settings.js';

/** A broker that has just created a topic may not know it for a moment: asks again for some seconds. */
async function onceKnown(create: () => Promise<void>): Promise<void> {
  for (let pause = 100; ; pause *= 2) {
    try {
      return await create();
    } catch (error) {
      if (pause > 5000 || (error as { type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/**
 * Creates all topics and gives every service its rights, as a user who may do that. May be repeated at any time.
 * @returns how many access control entries there are
 */
export async function applyKafkaRights(settings: KafkaSettings, logger: EventLogger): Promise<number> {
  const kafka = kafkaClient(settings, 'kafka-rights', logger);
  const cluster = new KafkaCluster(kafka, settings);
  const admin = kafka.admin();
  try {
    await onceKnown(() => cluster.ensureTopics(logger));
    for (const service of serviceNames)
      await onceKnown(() => cluster.ensureDeadLetters(deadLetterTopic(settings, service)));
    await admin.connect();
    const acl = kafkaAcls(settings);
    await admin.createAcls({ acl });
    return acl.length;
  } finally {
    await admin.disconnect();
    await cluster.close();
  }
}
