import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acceptedAmbiguousHeaders, halfSent, rawRequest } from '@payer/testing';
import { FhirApiSystem } from '../gateway/testing/system.js';
import { memoize } from './memoize.js';

const base = '/interop/external/fhir';

describe('the resources that a client can occupy', () => {
  const system = new FhirApiSystem();
  beforeAll(() => system.start({ REQUEST_TIMEOUT_MS: '1000' }), 60_000);
  afterAll(() => system.stop());

  it('a request that is sent by half is ended with an OperationOutcome', async () => {
    const requests = [`${base}/Patient/_search`, `${base}/DocumentReference/$docref`].flatMap(halfSent);
    const answers = await Promise.all(requests.map((text) => rawRequest(system.service.url, text)));
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 4\d\d .*"OperationOutcome"/s);
  });

  it('a header that is sent twice and may occur once is refused with an OperationOutcome', async () => {
    const paths = [`${base}/Patient/one`, `${base}/metadata`, `${base}/Patient/_search`, '/health/live', '/'];
    expect(await acceptedAmbiguousHeaders(system.service.url, paths)).toEqual([]);
    const twice = `GET ${base}/Patient/one HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`;
    expect(await rawRequest(system.service.url, twice)).toMatch(
      /"OperationOutcome".*header host more than once/s,
    );
  });

  it('long header values are not kept', () => {
    let computed = 0;
    const lengthOf = memoize((header) => (computed++, header.length));
    for (let n = 0; n < 2; n++) {
      expect(lengthOf('x'.repeat(501))).toBe(501);
      expect(lengthOf('short')).toBe(5);
    }
    expect(computed).toBe(3);
  });
});
