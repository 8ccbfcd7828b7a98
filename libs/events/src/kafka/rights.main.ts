import { z } from 'zod';
import { reasonOf } from '../reason.js';
import { applyKafkaRights } from './apply-rights.js';
import { kafkaVariables } from './settings.js';

/**
 * `npm run kafka-rights`: creates the topics and grants the services' users their rights. Reads the KAFKA_…
 * variables of an administrator.
 */
const silent = { log() {}, warn() {}, error() {} };
try {
  const given = Object.entries(process.env).filter(([, value]) => value !== '');
  const settings = z.object(kafkaVariables).parse(Object.fromEntries(given));
  const count = await applyKafkaRights(settings, silent);
  process.stdout.write(`kafka-rights: ${count} access control entries are in force\n`);
} catch (error) {
  process.stderr.write(`kafka-rights failed: ${reasonOf(error)}\n`);
  process.exitCode = 1;
}
