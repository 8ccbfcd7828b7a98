import { describe, expect, it } from 'vitest';
import type { FastifyRequest } from 'fastify';
import { Admission } from './admission.js';

/** An admission that notes the requests that wait as a stranger's. */
function admission(known: readonly string[], isProved: boolean) {
  const waited: string[] = [];
  const accepted: string[] = [];
  const identified = new Error('the token was identified');
  const refused = new Error('the proof was refused');
  const admitted = new Admission({
    addresses: { sandbox: { fhirBaseUrl: 'https://fhir.example/sandbox' } },
    openDirectory: { accessTo: () => undefined },
    fairness: {
      waitAsStranger: ({ ip }: { ip: string }) => Promise.resolve(waited.push(ip)),
      acceptStranger: ({ ip }: { ip: string }) => accepted.push(ip),
    },
    gateway: {
      recall: () => undefined,
      isKnown: (_environment: string, authorization: string) => known.includes(authorization),
      identify: () => (isProved ? Promise.resolve({ environment: 'sandbox' }) : Promise.reject(refused)),
      admit: () => Promise.reject(identified),
    },
  } as never);
  const send = (authorization: string) =>
    admitted.admit(
      {} as never,
      'sandbox',
      { kind: 'search', type: 'Patient' } as never,
      {
        ip: authorization,
        headers: { authorization },
        raw: { url: '/Patient' },
        method: 'GET',
      } as unknown as FastifyRequest,
    );
  return { waited, accepted, send, identified, refused };
}

describe('a request with a token that is bound to a key', () => {
  it('waits as a stranger when this process has never verified the token', async () => {
    const { waited, accepted, send, identified } = admission([], true);
    await expect(send('DPoP new')).rejects.toBe(identified);
    expect(waited).toEqual(['DPoP new']);
    // Its app pays, and not its address.
    expect(accepted).toEqual(['DPoP new']);
  });

  it('costs its address when its token is refused', async () => {
    const { waited, accepted, send, refused } = admission([], false);
    await expect(send('DPoP new')).rejects.toBe(refused);
    expect([waited, accepted]).toEqual([['DPoP new'], []]);
  });

  it('does not wait once this process has verified the token', async () => {
    const { waited, send, identified } = admission(['DPoP known'], true);
    await expect(send('DPoP known')).rejects.toBe(identified);
    expect(waited).toEqual([]);
  });

  it('waits before the refusal when its proof does not fit', async () => {
    const { waited, send, refused } = admission(['DPoP known'], false);
    await expect(send('DPoP known')).rejects.toBe(refused);
    expect(waited).toEqual(['DPoP known']);
  });
});
