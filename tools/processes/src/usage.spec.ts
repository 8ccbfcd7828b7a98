import { expect, it } from 'vitest';
import { spawnSync } from 'node:child_process';
import { processorTime, processorTimeOfEndedChildren, processorTimeOfTree } from './usage.js';

const busyFor = (milliseconds: number) =>
  spawnSync(process.execPath, [
    '-e',
    `while (process.cpuUsage().user / 1000 < ${milliseconds}) for (let i = 0; i < 1e5; i++) Math.sqrt(i)`,
  ]);

it('the processor time of children counts when they have ended', () => {
  const own = processorTime(process.pid);
  const [children, tree] = [processorTimeOfEndedChildren(), processorTimeOfTree(process.pid)];
  busyFor(300);
  expect(processorTimeOfEndedChildren() - children).toBeGreaterThanOrEqual(290);
  expect(processorTimeOfTree(process.pid) - tree).toBeGreaterThanOrEqual(290);
  expect(processorTime(process.pid) - own).toBeLessThan(290);
});
