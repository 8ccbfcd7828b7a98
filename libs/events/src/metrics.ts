import { Counter, Gauge, Histogram, register, type Registry } from 'prom-client';

/** Age in seconds of the oldest event in each outbox, from the relay's last look. */
const outboxes = new Map<string, () => number>();

function metricsOf(registry: Registry) {
  const registers = [registry];
  return {
    relayed: new Counter({
      name: 'events_relayed_total',
      help: 'Events handed from the outbox to the transport',
      labelNames: ['type'],
      registers,
    }),
    outboxAge: new Gauge({
      name: 'outbox_age_seconds',
      help: 'Age of the oldest event still in the outbox; 0 when empty',
      labelNames: ['database'],
      registers,
      collect() {
        this.reset();
        for (const [database, age] of outboxes) this.set({ database }, age());
      },
    }),
    handled: new Counter({
      name: 'events_handled_total',
      help: 'Events applied by a handler',
      labelNames: ['type'],
      registers,
    }),
    failed: new Counter({
      name: 'event_handler_failures_total',
      help: 'Attempts of a handler that failed and will be repeated',
      labelNames: ['type'],
      registers,
    }),
    deadLettered: new Counter({
      name: 'events_dead_lettered_total',
      help: 'Events that could not be parsed or applied and were put aside',
      labelNames: ['topic'],
      registers,
    }),
    untrusted: new Counter({
      name: 'events_untrusted_total',
      help: 'Events that no service with the right to write them has signed; they were put aside',
      labelNames: ['topic'],
      registers,
    }),
    delay: new Histogram({
      name: 'event_delay_seconds',
      help: 'From the event being written to its handler having finished',
      labelNames: ['type'],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    }),
    lag: new Gauge({
      name: 'event_lag',
      help: 'Events in the log that this consumer has not applied yet',
      registers,
    }),
    factReadings: new Counter({
      name: 'fact_readings_total',
      help: "Readings of an owner's feed of facts",
      labelNames: ['owner', 'outcome'],
      registers,
    }),
    factsRefused: new Counter({
      name: 'facts_refused_total',
      help: 'Facts of a feed that break their contract',
      labelNames: ['owner'],
      registers,
    }),
    ownerRestores: new Counter({
      name: 'owner_database_changes_total',
      help: "Times that an owner's database was found to be replaced or restored",
      labelNames: ['owner'],
      registers,
    }),
    logUp: new Gauge({
      name: 'event_log_up',
      help: '1 while the event log could be read the last time it was tried, else 0',
      registers,
    }),
    journalFailing: new Gauge({
      name: 'journal_failing',
      help: '1 while the journal of ended facts refuses to be written, else 0',
      labelNames: ['service'],
      registers,
    }),
    journalFaults: new Gauge({
      name: 'journal_faults',
      help: 'Places where the journal of ended facts is damaged or incomplete, as of the last look',
      labelNames: ['service'],
      registers,
    }),
    recoveries: new Counter({
      name: 'database_recoveries_total',
      help: 'Times that a restored, promoted or copied database took its facts from the journal',
      labelNames: ['service'],
      registers,
    }),
    logLosses: new Counter({
      name: 'event_log_losses_total',
      help: 'Times that this publisher found the log replaced, restored or without its tail, and published its facts again',
      registers,
    }),
    offsetsAhead: new Counter({
      name: 'consumer_offsets_ahead_total',
      help: "Times that a consumer's position lay ahead of its database, and was set back",
      labelNames: ['consumer'],
      registers,
    }),
    logResets: new Counter({
      name: 'event_log_resets_total',
      help: 'Times that the log was found to be replaced while this consumer was running',
      registers,
    }),
  };
}

/** @returns a function that stops the watching */
export function watchOutbox(database: string, age: () => number): () => void {
  outboxes.set(database, age);
  return () => {
    if (outboxes.get(database) === age) outboxes.delete(database);
  };
}

/** Metrics of events, in the process's default registry. */
export const eventMetrics = metricsOf(register);

/**
 * Publishes the counters of each topic at 0. Prometheus sees no increase in a series that begins at 1, so no
 * alert would fire.
 */
export function countDeadLettersOf(topics: Iterable<string>): void {
  for (const topic of topics) {
    eventMetrics.deadLettered.inc({ topic }, 0);
    eventMetrics.untrusted.inc({ topic }, 0);
  }
}
