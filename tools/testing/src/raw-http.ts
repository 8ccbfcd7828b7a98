import { connect } from 'node:net';

/**
 * Sends text unchanged, for requests that no client library would send.
 * @returns all bytes until the connection ends
 */
export function rawRequest(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', reject).on('close', () => resolve(answer));
  });
}

const host = 'Host: a\r\n';

/** Heads with a header twice that may occur once, or with two lengths of one body. */
const ambiguousHeaders = [
  `${host}Host: b\r\n`,
  'host: a\r\nHOST: a\r\n',
  `${host}Authorization: Bearer a\r\nAuthorization: Bearer b\r\n`,
  `${host}Content-Type: application/json\r\ncontent-type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n`,
  `${host}Content-Length: 0\r\nContent-Length: 5\r\n`,
  `${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`,
  `${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n`,
  '',
];

/**
 * Sends each of {@link ambiguousHeaders} to each path.
 * @returns the requests that were not answered with 400, each with its answer
 */
export async function acceptedAmbiguousHeaders(url: string, paths: readonly string[]): Promise<string[]> {
  const accepted: string[] = [];
  for (const path of paths)
    for (const headers of ambiguousHeaders)
      for (const method of ['GET', 'POST']) {
        const answer = await rawRequest(
          url,
          `${method} ${path} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`,
        );
        if (!/^HTTP\/1.1 400 /.test(answer))
          accepted.push(`${method} ${path} ${headers}: ${answer.slice(0, 200)}`);
      }
  return accepted;
}

/** Requests to a path that stop in the middle: in the head, in a body with a length, in a body of chunks. */
export const halfSent = (path: string): string[] => {
  const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
  return [
    `GET ${path} HTTP/1.1\r\n${host}X-Slow: `,
    `POST ${path} HTTP/1.1\r\n${host}${form}Content-Length: 100\r\n\r\na=`,
    `POST ${path} HTTP/1.1\r\n${host}${form}Transfer-Encoding: chunked\r\n\r\n5\r\na=123\r\n`,
    `POST ${path} HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  ];
};
