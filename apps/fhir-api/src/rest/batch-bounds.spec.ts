import { describe, expect, it } from 'vitest';
import type { FastifyRequest } from 'fastify';
import type { Answer } from '../answer.js';
import { VerifiedToken } from '../gateway/verified-token.js';
import { errorAnswer } from './error-answer.js';
import { batchAnswer, type EntryServer } from './batch.js';

const fhirBaseUrl = 'https://fhir.example/fhir';
const token = new VerifiedToken('sandbox', { client_id: 'app' } as never);
const entries = Array.from({ length: 6 }, (_, n) => ({ url: `/Patient/${n}`, headers: {} }));

/** Answers a batch of six reads with a server that answers each of them alike. */
async function run(
  answer: Answer,
  onEntry: (n: number, socket: { destroyed: boolean }) => void = () => undefined,
) {
  const socket = { destroyed: false };
  let answered = 0;
  const server: EntryServer = {
    answer: () => {
      onEntry((answered += 1), socket);
      return Promise.resolve({ answer });
    },
    release: (_request, prepared) => Promise.resolve(prepared.answer),
  };
  const request = { id: 'id', ip: '192.0.2.1', headers: {}, raw: { socket } } as unknown as FastifyRequest;
  const made = await batchAnswer(server, { request, entries, client: { token }, fhirBaseUrl });
  return { made: made.answer, answered };
}

describe('a batch', () => {
  it('answers no further entry when its answers fill the memory that it may use', async () => {
    const large = { status: 200, headers: {}, body: JSON.stringify({ text: 'x'.repeat(3_000_000) }) };
    const { made, answered } = await run(large);
    expect(answered).toBe(3);
    const { entry } = JSON.parse(String(made.body)) as { entry: { response: { status: string } }[] };
    expect(entry.map(({ response }) => response.status.slice(0, 3))).toEqual([
      ...['200', '200'],
      ...['413', '413', '413', '413'],
    ]);
  });

  it('ends with the first entry whose token is refused, and gives no data of the entries before', async () => {
    const refusal = errorAnswer(401, 'login', 'The access token was revoked.', {
      'www-authenticate': 'Bearer',
    });
    const { made, answered } = await run(refusal);
    expect([made, answered]).toEqual([refusal, 1]);
  });

  it('does no more work when its client is gone', async () => {
    const small = { status: 200, headers: {}, body: '{}' };
    const { answered } = await run(small, (n, socket) => (socket.destroyed = n === 2));
    expect(answered).toBe(2);
  });
});
