import type { ClientRequest } from 'node:http';

/**
 * Calls `failed` whenever a request gets no answer, so that nobody waits for it without end. Without a
 * listener for `upgrade`, Node.js closes the connection of an answer 101 (Switching Protocols), reports no
 * error, and a timeout has no effect any more.
 * @param failed may be called several times
 */
export function onNoAnswer(request: ClientRequest, failed: (error: Error) => void): void {
  let isAnswered = false;
  request.on('response', () => (isAnswered = true));
  request.on('error', failed);
  request.on('upgrade', (_response, socket) => {
    socket.destroy();
    failed(new Error('the answer was 101 (Switching Protocols)'));
  });
  request.on('close', () => {
    if (!isAnswered) failed(new Error('the connection was closed without an answer'));
  });
}
