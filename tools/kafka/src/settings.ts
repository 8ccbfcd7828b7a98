/** Where one broker lives. */
export interface BrokerPlace {
  port: number;
  /** The port of KRaft's controller, which runs in the same process. */
  controllerPort: number;
  /** Directory of the topics' logs. */
  logDirectory: string;
}

/** The demands of a listener: TLS with a client certificate, and a password (SASL PLAIN or SCRAM-SHA-512). */
export interface BrokerSecurity {
  /** PEM file: the authority of the clients' certificates. */
  authority: string;
  /** PEM file: the broker's key (PKCS #8) and certificate. */
  keystore: string;
  /** Passwords by name; letters and digits. */
  users: Record<string, string>;
  /** Whether access control lists limit all users but the first, who may do everything. */
  authorize?: boolean;
}

/**
 * Settings of a single node that is broker and controller at once (KRaft), as `server.properties` names them.
 * Replication factors are 1, because there is one broker. A misspelt name creates no topic.
 */
export function brokerSettings(
  place: BrokerPlace,
  listen: { host: string; advertised: string },
  security?: BrokerSecurity,
): Record<string, string> {
  const protocol = security ? 'SASL_SSL' : 'PLAINTEXT';
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${listen.advertised}:${place.controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `${protocol}://${listen.host}:${place.port},CONTROLLER://${listen.host}:${place.controllerPort}`,
    'advertised.listeners': `${protocol}://${listen.advertised}:${place.port}`,
    'listener.security.protocol.map': `${protocol}:${protocol},CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name': protocol,
    'log.dirs': place.logDirectory,
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '8',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // After a crash the controller regards the broker as alive for this time, and refuses its successor
    // (default 9 s).
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // The first member of a group waits this long for other members. On one machine that only delays the
    // start.
    'group.initial.rebalance.delay.ms': '0',
    ...(security ? securitySettings(security) : {}),
  };
}

function securitySettings({ authority, keystore, users, authorize }: BrokerSecurity): Record<string, string> {
  const module = (name: string, options = '') =>
    `org.apache.kafka.common.security.${name}LoginModule required${options};`;
  const passwords = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`);
  const [[name, password] = ['', '']] = Object.entries(users);
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority,
    // By the listener's name: for SASL_SSL the general setting is ignored (KIP-684).
    'listener.name.sasl_ssl.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'listener.name.sasl_ssl.plain.sasl.jaas.config': module(
      'plain.Plain',
      ` username="${name}" password="${password}"${passwords.join('')}`,
    ),
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': module('scram.Scram'),
    ...(authorize
      ? {
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          // The controller's listener, in the same process, has no user names.
          'super.users': `User:${name};User:ANONYMOUS`,
        }
      : {}),
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
