import { Injectable } from '@nestjs/common';
import { Problem, rowsOf } from '@payer/service';
import { DataSource } from 'typeorm';

/** An app in the answers of the audit trail. */
export interface NamedApp {
  client_id: string;
  client_name: string;
}

/** The most apps that one query may match. */
const maxApps = 20;

/** Finds apps by `client_id` or name, including deleted apps. */
@Injectable()
export class AppSearch {
  constructor(private readonly source: DataSource) {}

  /**
   * Finds the apps with this `client_id`, otherwise with this name, otherwise with this text in their name.
   * Ignores case.
   * @throws Problem 400 when too many apps match, 404 when none matches
   */
  async find(app: string): Promise<NamedApp[]> {
    for (const condition of [
      'client_id = $1',
      'lower(client_name) = lower($1)',
      'strpos(lower(client_name), lower($1)) > 0',
    ]) {
      const found = await rowsOf<NamedApp>(
        this.source,
        `SELECT client_id, client_name FROM app WHERE ${condition} ORDER BY created_at DESC LIMIT ${maxApps + 1}`,
        [app],
      );
      if (found.length > maxApps)
        throw new Problem(
          400,
          'too_many_apps',
          `More than ${maxApps} apps have this in their name; give more of the name, or the client_id.`,
        );
      if (found.length > 0) return found;
    }
    throw new Problem(404, 'app_not_found', 'No app has this client_id or name.');
  }

  /** Names of apps. An unknown app has its `client_id` as name. */
  async named(clientIds: Iterable<string>): Promise<(clientId: string) => string> {
    const apps = await rowsOf<NamedApp>(
      this.source,
      'SELECT client_id, client_name FROM app WHERE client_id = ANY($1)',
      [[...new Set(clientIds)]],
    );
    const names = new Map(apps.map(({ client_id, client_name }) => [client_id, client_name]));
    return (clientId) => names.get(clientId) ?? clientId;
  }
}
