import { Counter, register } from 'prom-client';

/** The counter of this name, created on first use. Several services in one process (tests) share it. */
export function counter<Label extends string>(
  name: string,
  help: string,
  labelNames: Label[],
): Counter<Label> {
  const known = register.getSingleMetric(name) as Counter<Label> | undefined;
  return known ?? new Counter({ name, help, labelNames });
}
