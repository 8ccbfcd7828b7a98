import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers of every shape
export type Json = any;

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** The body as JSON. Throws for any other body. */
  json: Json;
}

/**
 * A plain HTTP/1.1 request. `fetch` would hide compression and choose the Host header itself.
 * @param options `asWhole` sends the whole URL as request target instead of the path
 */
export function send(
  serverUrl: string,
  target: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; asWhole?: boolean } = {},
): Promise<HttpAnswer> {
  const { hostname, port } = new URL(serverUrl);
  const { host, pathname, search } = new URL(target);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        hostname,
        port,
        path: options.asWhole ? target : `${pathname}${search}`,
        method: options.method ?? 'GET',
        headers: {
          host,
          ...(options.body === undefined
            ? {}
            : { 'content-length': String(Buffer.byteLength(options.body)) }),
          ...options.headers,
        },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            get json() {
              return JSON.parse(body.toString('utf8')) as unknown;
            },
          });
        });
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}
