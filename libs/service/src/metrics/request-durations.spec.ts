import { expect, it } from 'vitest';
import { requestDurations } from './request-durations.js';

const line = (start: string) =>
  requestDurations
    .text()
    .split('\n')
    .find((text) => text.startsWith(start));

it('durations are cumulative counts, a sum and a number of requests for each route', () => {
  for (const seconds of [0.0005, 0.003, 99]) requestDurations.observe('counted', 'GET', '/a', 200, seconds);
  const labels = 'service="counted",method="GET",route="/a",status_class="2xx"';
  const bucket = (le: string) => line(`http_request_duration_seconds_bucket{${labels},le="${le}"}`);
  expect(
    [bucket('0.001'), bucket('0.005'), bucket('10'), bucket('+Inf')].map((text) => text?.at(-1)),
  ).toEqual([...['1', '2', '2', '3']]);
  expect(line(`http_request_duration_seconds_sum{${labels}}`)).toMatch(/ 99\.0035$/);
  expect(line(`http_request_duration_seconds_count{${labels}}`)).toMatch(/ 3$/);
});

it('labels are escaped, so that a route cannot add a line or a label', () => {
  requestDurations.observe('escaped', 'GET', 'a"\\\nb', 200, 1);
  expect(line('http_request_duration_seconds_count{service="escaped"')).toBe(
    'http_request_duration_seconds_count{service="escaped",method="GET",route="a\\"\\\\\\nb",status_class="2xx"} 1',
  );
});
