import { readFileSync } from 'node:fs';
import kafkajs, { type Kafka as KafkaClient, type KafkaConfig } from 'kafkajs';
import type { EventLogger } from '../publisher.js';
import type { KafkaSettings } from './settings.js';

const { Kafka, logLevel } = kafkajs;

/**
 * A client of the configured cluster. Its timeouts are short, because its users retry failures.
 * @throws Error when SASL is half configured or a file cannot be read
 */
export function kafkaClient(settings: KafkaSettings, clientId: string, logger: EventLogger): KafkaClient {
  return new Kafka({
    clientId,
    brokers: settings.KAFKA_BROKERS.split(','),
    ...security(settings),
    connectionTimeout: 3000,
    authenticationTimeout: 5000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, retries: 4, maxRetryTime: 2000 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, level, log }) => {
        if (log.message.includes('idempotent producer')) return; // consumers drop duplicates by version
        const write = level <= logLevel.ERROR ? 'warn' : 'log';
        logger[write](`kafka ${namespace}: ${log.message}${log.error ? ` (${String(log.error)})` : ''}`);
      },
  });
}

function security(settings: KafkaSettings): Pick<KafkaConfig, 'ssl' | 'sasl'> {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username } = settings;
  const password = settings.KAFKA_SASL_PASSWORD;
  if (mechanism && !(username && password))
    throw new Error(
      `KAFKA_SASL_MECHANISM is ${mechanism}: set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, too.`,
    );
  const file = (path: string | undefined) => (path ? readFileSync(path, 'utf8') : undefined);
  return {
    ssl: settings.KAFKA_SSL === 'true' && {
      ca: file(settings.KAFKA_SSL_CA_FILE),
      cert: file(settings.KAFKA_SSL_CERT_FILE),
      key: file(settings.KAFKA_SSL_KEY_FILE),
    },
    ...(mechanism && username && password
      ? { sasl: { mechanism, username, password } as KafkaConfig['sasl'] }
      : {}),
  };
}
