import { Injectable } from '@nestjs/common';
import { randomToken, rowsOf, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import { DataSource } from 'typeorm';

/** Seconds for which a pushed request may be used (RFC 9126 §2.2). */
export const pushedRequestLifetime = 60;

const prefix = 'urn:ietf:params:oauth:request_uri:';
const model = 'PushedAuthorizationRequest';

/** Whether a `request_uri` is one that this server gives out. */
export const isPushedRequestUri = (uri: string | null): uri is string => uri?.startsWith(prefix) ?? false;

/**
 * Authorization requests that apps have pushed (RFC 9126), until the browser comes. All replicas share them.
 */
@Injectable()
export class PushedRequests {
  constructor(private readonly source: DataSource) {}

  /** @returns the `request_uri`. Anyone who knows it can use it once, so it has 256 random bits */
  async add(environment: Environment, clientId: string, parameters: URLSearchParams): Promise<string> {
    const id = randomToken();
    await this.source.query(
      `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, expires_at)
       VALUES ($1, $2, $3, $4, now() + make_interval(secs => ${pushedRequestLifetime}))`,
      [environment, model, sha256(id), JSON.stringify({ clientId, parameters: parameters.toString() })],
    );
    return prefix + id;
  }

  /**
   * Takes a pushed request, once. Of several browsers with one `request_uri` the first one gets it.
   * @param clientId the `client_id` beside the `request_uri` (RFC 9126 §4)
   * @returns undefined when it has expired, was used, or belongs to another app
   */
  async take(environment: Environment, clientId: string, uri: string): Promise<URLSearchParams | undefined> {
    const [row] = await rowsOf<{ parameters: string }>(
      this.source,
      `DELETE FROM oidc_artifact
       WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND payload->>'clientId' = $4 AND expires_at > now()
       RETURNING payload->>'parameters' AS parameters`,
      [environment, model, sha256(uri.slice(prefix.length)), clientId],
    );
    return row && new URLSearchParams(row.parameters);
  }
}
