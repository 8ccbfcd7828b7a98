import { startKafka } from './start-kafka.js';

const port = process.env.KAFKA_PORT ?? '9092';
if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
  console.error(`KAFKA_PORT must be a port number, not "${port}".`);
  process.exit(2);
}

let stopping: (() => void) | undefined;
const asked = new Promise<void>((resolve) => (stopping = resolve));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping?.());

const started = Date.now();
try {
  const kafka = await startKafka({ port: Number(port), log: console.log });
  console.log(
    `Apache Kafka serves on ${kafka.brokers} (${kafka.engine}, process ${kafka.pid}, ready in ${((Date.now() - started) / 1000).toFixed(1)} s).`,
  );
  console.log(`Topics and broker.log are in ${kafka.dataDirectory}. Ctrl-C stops it.`);
  const ended = await Promise.race([asked.then(() => 'asked'), kafka.exited.then(() => 'exited')]);
  if (ended === 'exited') throw new Error(`Kafka ended by itself; see broker.log in ${kafka.dataDirectory}.`);
  await kafka.stop();
  console.log('Kafka has stopped.');
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
