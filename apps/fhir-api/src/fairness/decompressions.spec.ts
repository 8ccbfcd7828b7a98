import { expect, it } from 'vitest';
import { Decompressions, endWhenStalled } from './decompressions.js';

it('of one caller and of all callers are limited from the moment of the reservation', () => {
  const places = new Decompressions({ inAll: 3, perCaller: 2 });
  const first = places.reserve('one');
  places.reserve('one');
  const refused = expect.objectContaining({ status: 429 }) as unknown as Error;
  expect(() => places.reserve('one')).toThrow(refused);
  const other = places.reserve('other');
  expect(() => places.reserve('third')).toThrow(refused);
  first();
  first();
  expect(places.size).toBe(2);
  places.reserve('third');
  other();
  places.reserve('one');
  expect(() => places.reserve('fourth')).toThrow(refused);
});

it('end for a client that reads nothing for too long, and for no other client', async () => {
  const parts = async function* () {
    for (let n = 0; n < 3; n++) yield Promise.resolve(Buffer.from([n]));
  };
  const read = endWhenStalled(parts(), () => undefined, 1);
  const stalled = new Promise<void>((resolve) => {
    const stream = endWhenStalled(parts(), resolve, 1);
    void stream.next();
  });
  await stalled;
  let length = 0;
  for await (const part of read) length += part.length;
  expect(length).toBe(3);
});
