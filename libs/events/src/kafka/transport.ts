/**
 * The Kafka part of the event transport. Imported only when `EVENT_TRANSPORT` is `kafka`, because it loads
 * kafkajs.
 */
export { KafkaEventClient } from './client.js';
export { KafkaDeadLetters } from './dead-letters.js';
export { kafkaClient } from './kafka-client.js';
export { KafkaEventServer } from './server.js';
