import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, type RunningKafka } from '@payer/kafka';
import { openDeadLetters, type TransportConfig } from '../index.js';
import { makeCertificates } from './testing/certificates.js';

/** Needs Java, Maven and OpenSSL; CI sets KAFKA_TESTS=1. */
(process.env.KAFKA_TESTS === '1' ? describe : describe.skip)('a Kafka that lets in whom it knows', () => {
  const letter = { consumer: 'spec', topic: 'heartbeat', event: 'secret', error: 'none' };
  let directory: string;
  let kafka: RunningKafka;
  let config: TransportConfig;

  const file = (name: string) => join(directory, name);

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'payer-kafka-'));
    makeCertificates(directory, 'broker', 'client');
    writeFileSync(
      file('keystore.pem'),
      ['broker.key', 'broker.pem'].map((name) => readFileSync(file(name))).join(''),
    );
    kafka = await startKafka({
      port: 0,
      dataDirectory: file('data'),
      security: {
        authority: file('authority.pem'),
        keystore: file('keystore.pem'),
        users: { payer: 'right' },
      },
    });
    config = {
      EVENT_TRANSPORT: 'kafka',
      EVENTS_DATABASE_URL: 'postgres://nobody@localhost:1/unused',
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_SSL: 'true',
      KAFKA_SSL_CA_FILE: file('authority.pem'),
      KAFKA_SSL_CERT_FILE: file('client.pem'),
      KAFKA_SSL_KEY_FILE: file('client.key'),
      KAFKA_SASL_USERNAME: 'payer',
      KAFKA_SASL_PASSWORD: 'right',
    };
  }, 180_000);
  afterAll(async () => {
    await kafka?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Creates topics, publishes and reads. */
  async function keepAndList(more: Partial<TransportConfig>): Promise<number> {
    const deadLetters = await openDeadLetters({ ...config, ...more });
    try {
      await deadLetters.keep(letter);
      return (await deadLetters.list()).length;
    } finally {
      await deadLetters.close();
    }
  }

  it('is used over TLS with a client certificate and a password, by PLAIN or SCRAM', async () => {
    expect(await keepAndList({ KAFKA_SASL_MECHANISM: 'plain' })).toBe(1);
    expect(await keepAndList({ KAFKA_SASL_MECHANISM: 'scram-sha-512' })).toBe(2);
  });

  it('refuses a wrong password, a missing certificate, and a client that does not trust its authority', async () => {
    const plain = { KAFKA_SASL_MECHANISM: 'plain' } as const;
    await expect(keepAndList({ ...plain, KAFKA_SASL_PASSWORD: 'wrong' })).rejects.toThrow(
      /[Aa]uthentication/,
    );
    const none = { KAFKA_SSL_CERT_FILE: undefined, KAFKA_SSL_KEY_FILE: undefined };
    await expect(keepAndList({ ...plain, ...none })).rejects.toThrow();
    await expect(keepAndList({ ...plain, KAFKA_SSL_CA_FILE: undefined })).rejects.toThrow(/certificate/);
    await expect(
      keepAndList({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: undefined }),
    ).rejects.toThrow('set KAFKA_SASL_USERNAME');
  });
});
