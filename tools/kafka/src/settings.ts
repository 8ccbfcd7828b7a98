/** Where one broker lives. */
export interface BrokerPlace {
  port: number;
  /** The port of KRaft's controller, which is the same process. */
  controllerPort: number;
  /** Directory of the topics' logs. */
  logDirectory: string;
}

/**
 * Settings of a single node that is broker and controller at once (KRaft), as `server.properties` names them.
 * Replication factors are 1 because there is nobody to replicate to; topics are made on purpose, never by a misspelt name.
 */
export function brokerSettings(
  place: BrokerPlace,
  listen: { host: string; advertised: string },
): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${listen.advertised}:${place.controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${listen.host}:${place.port},CONTROLLER://${listen.host}:${place.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${listen.advertised}:${place.port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': place.logDirectory,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '8',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // After a crash the controller takes the broker for alive this long and refuses its successor (default 9 s).
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // A group's first member waits this long for others; on one machine that is only a slow start.
    'group.initial.rebalance.delay.ms': '0',
  };
}

/** A `.properties` file. */
export function toProperties(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

/** Kafka's Docker image takes each setting from a variable: `log.dirs` from `KAFKA_LOG_DIRS`. */
export function toVariable(setting: string): string {
  return `KAFKA_${setting.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`;
}
