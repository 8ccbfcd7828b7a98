import { expect, it } from 'vitest';
import { eventually } from '@payer/testing';
import { Lifecycle } from './lifecycle.js';
import { ScheduledJobs } from './scheduled-jobs.js';

it('parts start in their order and stop in the opposite one, also when one of them fails to stop', async () => {
  const seen: string[] = [];
  const part = (name: string, stop?: () => void) => ({
    start: () => void seen.push(`start ${name}`),
    stop: () => {
      seen.push(`stop ${name}`);
      stop?.();
    },
  });
  const lifecycle = new Lifecycle();
  lifecycle.add(part('pool'));
  lifecycle.add(
    part('relay', () => {
      throw new Error('the relay has no connection');
    }),
    part('feeds'),
  );
  await lifecycle.onModuleInit();
  await expect(lifecycle.onApplicationShutdown()).rejects.toThrow('the relay has no connection');
  expect(seen).toEqual(['start pool', 'start relay', 'start feeds', 'stop feeds', 'stop relay', 'stop pool']);
});

it('a job never runs twice at once, is tried again after a failure, and is awaited at the end', async () => {
  const warnings: string[] = [];
  let isRunning = false;
  let runs = 0;
  let finished = 0;
  const run = async () => {
    expect(isRunning).toBe(false);
    isRunning = true;
    runs += 1;
    await new Promise((resolve) => setTimeout(resolve, 15));
    isRunning = false;
    finished += 1;
    if (runs === 1) throw new Error('the database is away');
  };
  const jobs = new ScheduledJobs([{ name: 'cleaning', interval: 5, run }], {
    warn: (line) => void warnings.push(String(line)),
  });
  jobs.onModuleInit();
  await eventually(() => runs >= 3);
  await jobs.onModuleDestroy();
  expect(finished).toBe(runs);
  expect(warnings).toEqual(['cleaning failed: the database is away']);
});
