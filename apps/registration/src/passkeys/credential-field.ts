import { Problem } from '@payer/service';
import type { FastifyReply } from 'fastify';
import { SignInFirst } from '../sessions/sign-in-first.js';
import { TooManyAttempts } from '../sessions/too-many-attempts.js';

/**
 * The credential in the hidden field of a form, which the page's script fills.
 * @throws Problem 400 when the field is empty: the script did not run
 */
export function credentialOf(field: string | undefined, act: 'create' | 'get'): unknown {
  try {
    if (field) return JSON.parse(field);
  } catch {
    // Only a changed form has another text than JSON. It gets the same answer as an empty field.
  }
  const detail =
    act === 'create'
      ? 'Your browser has created no passkey. Turn JavaScript on for this page, or use another browser.'
      : 'Your browser has sent no passkey. Turn JavaScript on for this page, or sign in with your password.';
  throw new Problem(400, 'passkey_refused', detail);
}

/** Answers the page's script in JSON, errors included: `detail` is a sentence for the person. */
export async function answerScript(reply: FastifyReply, work: () => Promise<unknown>): Promise<void> {
  void reply.header('cache-control', 'no-store').type('application/json; charset=utf-8');
  try {
    const answer = await work();
    void reply.send(JSON.stringify(answer));
  } catch (error) {
    if (error instanceof TooManyAttempts) void reply.header('retry-after', String(error.retryAfter));
    if (error instanceof SignInFirst) return sendDetail(reply, 401, 'Your session has ended. Sign in again.');
    if (!(error instanceof Problem)) throw error;
    sendDetail(reply, error.getStatus(), scriptDetail(error));
  }
}

const scriptDetail = (error: Problem): string => {
  if (error.code === 'wrong_credentials') return 'The current password is wrong.';
  if (error.errors?.some(({ field }) => field === 'current_password')) return 'Type your current password.';
  return error.detail;
};

const sendDetail = (reply: FastifyReply, status: number, detail: string): void =>
  void reply.code(status).send(JSON.stringify({ detail }));
