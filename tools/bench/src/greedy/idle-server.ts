import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The answer that the server gives to each request. */
export interface IdleAnswer {
  status: number;
  /** Bytes of the body. */
  bytes: number;
}

/**
 * The server that a greedy client asks in the measurements of the control: it answers as the measured system
 * did, and shares nothing with it.
 */
const { status, bytes } = JSON.parse(process.argv[2]!) as IdleAnswer;
const body = Buffer.alloc(bytes, 'x');
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(status, { 'content-length': bytes }).end(body);
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
