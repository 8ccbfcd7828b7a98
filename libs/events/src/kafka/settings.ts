import { z } from 'zod';

const count = (standard: number) => z.coerce.number().int().min(1).default(standard);

/**
 * Environment variables of the Kafka transport. Certificates and keys are PEM files, so that secrets can be
 * mounted.
 */
export const kafkaVariables = {
  /** `host:port`, separated by commas. */
  KAFKA_BROKERS: z
    .string()
    .regex(/^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/, 'must be host:port, several separated by commas')
    .default('localhost:9092'),
  /** Prefix of every topic and consumer group, for a shared cluster. */
  KAFKA_TOPIC_PREFIX: z.string().default(''),
  /** Apply to topics that do not exist yet. */
  KAFKA_PARTITIONS: count(3),
  KAFKA_REPLICATION_FACTOR: count(1),
  KAFKA_MIN_INSYNC_REPLICAS: count(1),
  KAFKA_SSL: z.enum(['true', 'false']).default('false'),
  KAFKA_SSL_CA_FILE: z.string().optional(),
  KAFKA_SSL_CERT_FILE: z.string().optional(),
  KAFKA_SSL_KEY_FILE: z.string().optional(),
  KAFKA_SASL_MECHANISM: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_SASL_USERNAME: z.string().optional(),
  KAFKA_SASL_PASSWORD: z.string().optional(),
};
export type KafkaSettings = z.infer<z.ZodObject<typeof kafkaVariables>>;
