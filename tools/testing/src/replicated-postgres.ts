import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyCluster, freePort, makeStandby, startPostgres, type PostgresServer } from '@payer/postgres';

type Role = 'primary' | 'replica';

/** Two real servers of PostgreSQL: a primary, and a standby that streams its log. */
export class ReplicatedPostgres {
  private readonly home = mkdtempSync(join(tmpdir(), 'payer-replicated-'));
  private ports: Record<Role, number>;
  primary: PostgresServer;
  replica: PostgresServer;

  /** @param databases to be made on the primary before it is copied */
  async start(databases: readonly string[]): Promise<void> {
    chmodSync(this.home, 0o755);
    this.ports = { primary: await freePort(), replica: await freePort() };
    this.primary = await this.startServer('primary');
    await this.primary.createDatabases(databases);
    await this.primary.stop();
    copyCluster(this.folder('primary'), this.folder('replica'));
    makeStandby(this.folder('replica'), this.ports.primary);
    this.primary = await this.startServer('primary');
    this.replica = await this.startServer('replica');
  }

  async stopReplica(): Promise<void> {
    await this.replica.stop();
  }

  async startReplica(): Promise<void> {
    this.replica = await this.startServer('replica');
  }

  /** The setting by which the standby finds its primary. */
  get primaryConnection(): string {
    return `host=localhost port=${this.ports.primary} user=postgres password=postgres`;
  }

  async stop(): Promise<void> {
    await this.replica?.stop();
    await this.primary?.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  private folder(role: Role): string {
    return join(this.home, role);
  }

  private startServer(role: Role): Promise<PostgresServer> {
    return startPostgres({
      dataDirectory: this.folder(role),
      port: this.ports[role],
      settings: { fsync: 'off', synchronous_commit: 'off' },
    });
  }
}
