import type { ReadReplicas } from '@payer/fhir-store';
import type { Environment } from '@payer/smart';
import { Gauge, register } from 'prom-client';

/** Reports the lag of each read replica, and whether it answers. */
export class ReplicaMetrics {
  constructor(replicated: ReadonlyMap<Environment, Pick<ReadReplicas, 'states'>>) {
    const names = ['fhir_read_replica_lag_seconds', 'fhir_read_replica_used'] as const;
    for (const name of names) register.removeSingleMetric(name);
    const labelNames = ['environment', 'replica'];
    new Gauge({
      name: names[0],
      help: 'Seconds of writes that a read replica may lack; infinite while it is not known',
      labelNames,
      collect() {
        for (const [environment, { states }] of replicated)
          for (const { name, lag } of states) this.set({ environment, replica: name }, lag / 1000);
      },
    });
    new Gauge({
      name: names[1],
      help: '1 while reads are answered from the replica, 0 while it is left out',
      labelNames,
      collect() {
        for (const [environment, { states }] of replicated)
          for (const { name, isFit } of states) this.set({ environment, replica: name }, isFit ? 1 : 0);
      },
    });
  }
}
