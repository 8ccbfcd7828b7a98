import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface SmallAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * One client with one kept-alive connection per host. `fetch` costs several times as much processor time,
 * which would be taken from the measured system on this machine's two cores.
 */
export class SmallClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** @returns the status, once the whole answer is read */
  async status(
    url: string,
    method = 'GET',
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<number> {
    return (await this.send(url, method, headers, body)).status;
  }

  send(
    url: string,
    method = 'GET',
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<SmallAnswer> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent: this.agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('error', reject);
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /**
   * Reads an answer and keeps nothing of it. A greedy client on this machine should cost little besides.
   * @returns the status and the number of bytes in the body
   */
  drain(
    url: string,
    method = 'GET',
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<{ status: number; bytes: number }> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent: this.agent }, (answer) => {
        let bytes = 0;
        answer.on('error', reject);
        answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
