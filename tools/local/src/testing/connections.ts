import { Client } from 'pg';

/** Open connections by URL. To open one for each statement costs far more than the statement. */
export class Connections {
  private readonly clients = new Map<string, Client>();

  /** @returns the rows of the last statement, or the code of the error */
  async run(url: string, ...statements: string[]): Promise<unknown> {
    try {
      const client = await this.connected(url);
      let rows: unknown;
      for (const statement of statements) ({ rows } = await client.query(statement));
      return rows;
    } catch (error) {
      return (error as { code?: string }).code;
    }
  }

  async end(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.end()));
  }

  private async connected(url: string): Promise<Client> {
    const open = this.clients.get(url);
    if (open) return open;
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    // A dropped database ends its connections.
    client.on('end', () => this.clients.delete(url));
    try {
      await client.connect();
    } catch (error) {
      await client.end();
      throw error;
    }
    this.clients.set(url, client);
    return client;
  }
}
