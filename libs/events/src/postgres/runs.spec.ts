import { expect, it } from 'vitest';
import { runsOf } from './runs.js';

const row = (topic: string, key: string, position: number) => ({
  topic,
  key,
  event: {},
  position: String(position),
});

it('events that may wait are one run if their subjects differ, and every other event keeps its place', () => {
  const rows = [
    row('audit-recorded', 'a', 1),
    row('audit-recorded', 'b', 2),
    row('audit-recorded', 'a', 3),
    row('grant-revoked', 'g', 4),
    row('grant-revoked', 'h', 5),
    row('audit-recorded', 'c', 6),
  ];
  expect(runsOf(rows).map((run) => run.map(({ position }) => Number(position)))).toEqual([
    [1, 2],
    [3],
    [4],
    [5],
    [6],
  ]);
  const mixed = [
    row('audit-recorded', 'a', 1),
    row('grant-created', 'g', 2),
    row('audit-recorded', 'b', 3),
    row('grant-created', 'g', 4),
    row('grant-revoked', 'g', 5),
  ];
  expect(runsOf(mixed).map((run) => run.map(({ position }) => Number(position)))).toEqual([
    [1, 2, 3],
    [4],
    [5],
  ]);
  const many = Array.from({ length: 120 }, (_, at) => row('audit-recorded', `${at}`, at + 1));
  expect(runsOf(many).map(({ length }) => length)).toEqual([50, 50, 20]);
});
