/** What the event transport needs of Kafka; loaded when `EVENT_TRANSPORT` is `kafka`, for it brings kafkajs along. */
export { KafkaEventClient } from './client.js';
export { KafkaDeadLetters } from './dead-letters.js';
export { kafkaClient } from './kafka-client.js';
export { KafkaEventServer } from './server.js';
