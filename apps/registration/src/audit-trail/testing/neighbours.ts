import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadsOf } from '../../data-loads/testing/load-status.js';
import { neighbourOf, sendSigned } from '../../testing/signed-answer.js';

/** The ids of a member, as auth-server answers. */
export interface Member {
  sub: string;
  patient: string;
  member_number: string;
}

/** Doubles of auth-server's member directory and of fhir-api's access records. */
export class Neighbours {
  readonly asked: URL[] = [];
  members: Member[] = [];
  isReachable = true;
  private readonly server: Server = createServer((request, response) => {
    if (!this.isReachable) return void request.socket.destroy();
    const url = new URL(request.url ?? '', 'http://localhost');
    this.asked.push(url);
    void sendSigned(neighbourOf(url.pathname), request, response, this.answer(url));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, resolve));
    return `http://localhost:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The last query for the access records. */
  get accessQuery(): string {
    const url = this.asked.findLast(({ pathname }) => pathname.includes('/access'));
    return `${url?.pathname}?${url?.searchParams}`;
  }

  private answer({ pathname, searchParams }: URL) {
    const identifier = searchParams.get('identifier') ?? '';
    if (pathname === '/internal/sandbox/members')
      return { members: this.members.filter((ids) => Object.values(ids).includes(identifier)) };
    if (pathname.endsWith('/members')) return { members: [] };
    const counts = { requests: 2, refused: 1, resources: 5 };
    const client_id = 'appone';
    if (pathname.endsWith('/readers')) {
      const times = { first_at: '2026-03-02T08:00:00.000Z', last_at: '2026-03-20T08:00:00.000Z' };
      return {
        readers: ['Coverage', 'Patient'].map((resource_type) => ({
          client_id,
          resource_type,
          ...counts,
          ...times,
        })),
      };
    }
    if (pathname.endsWith('/days'))
      return {
        days: ['2026-03-02', '2026-03-20'].map((day) => ({
          ...{ client_id, day, interaction: 'read', resource_type: 'Patient' },
          ...counts,
        })),
      };
    if (pathname.endsWith('/loads'))
      return loadsOf(pathname.includes('production') ? 'production' : 'sandbox');
    return { entries: [] };
  }
}
