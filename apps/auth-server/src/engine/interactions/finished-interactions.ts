import { randomToken, readRows, rowsOf, Sealer, sha256 } from '@payer/service';
import type { Environment } from '@payer/smart';
import type { AdapterPayload } from 'oidc-provider';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import type { ArtifactRow } from '../unit-of-work/artifact-row.js';
import { unitOfWork } from '../unit-of-work/unit-of-work.js';

/** The answer that ended an interaction, as the browser received it. */
export interface FinishedAnswer {
  /** An app's redirect URI with its code or error, or the path of the next interaction. */
  location: string;
  /** `Set-Cookie` headers of the answer. */
  cookies: string[];
  /** `uid` of the engine's session. Only the browser of this session gets the answer again. */
  sessionUid: string;
}

const answerShape = z.object({ location: z.string(), cookies: z.array(z.string()), sessionUid: z.string() });

/** Seconds. As long as an interaction may take, for members who go back to one of its pages. */
const lifetime = 30 * 60;

const model = 'FinishedInteraction';

/**
 * The answers of finished interactions. A member who presses a button twice sends a second request, and the
 * browser drops the first answer. The second request then gets the first answer again, with a new code. The
 * code must be new, because an app that has already redeemed the first code would redeem it twice, and reuse
 * revokes the grant.
 *
 * Answers are sealed, because they contain a code and cookies.
 */
export class FinishedInteractions {
  private readonly sealer: Sealer;

  constructor(
    private readonly source: DataSource,
    private readonly environment: Environment,
    keyEncryptionKey: string,
  ) {
    this.sealer = new Sealer(keyEncryptionKey);
  }

  /** The row of an answer, which the step that makes the answer writes. */
  rowOf(uid: string, answer: FinishedAnswer): ArtifactRow {
    const payload = { sealed: this.sealer.seal(JSON.stringify(answer), uid) } as AdapterPayload;
    return { model, id: uid, payload, grantId: null, uid: null, lifetime };
  }

  /** The answer of a finished interaction, or undefined. */
  async find(uid: string): Promise<FinishedAnswer | undefined> {
    const known = unitOfWork(model)?.find(model, uid);
    const sealed = known ? (known.payload as { sealed?: string } | undefined)?.sealed : await this.read(uid);
    return sealed === undefined ? undefined : this.open(sealed, uid);
  }

  private open(sealed: string, uid: string): FinishedAnswer {
    return answerShape.parse(JSON.parse(this.sealer.open(sealed, uid)));
  }

  private async read(uid: string): Promise<string | undefined> {
    const [row] = await readRows<{ sealed: string }>(
      this.source,
      'finished-interaction',
      `SELECT payload->>'sealed' AS sealed FROM oidc_artifact
       WHERE environment = $1 AND model = $2 AND id_sha256 = $3 AND expires_at > now()`,
      [this.environment, model, sha256(uid)],
    );
    return row?.sealed;
  }

  /** Same as {@link find}, but waits for an answer that a concurrent request is making. */
  async findSoon(uid: string): Promise<FinishedAnswer | undefined> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const sealed = await this.read(uid);
      if (sealed !== undefined) return this.open(sealed, uid);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return undefined;
  }

  /**
   * The answer's location for a second request. A new code of the same grant replaces the code, with the same
   * expiry. The row of a used code stays longer than the code is good.
   * @returns undefined when the code has expired, or when its grant was revoked
   */
  async locationAgain({ location }: FinishedAnswer): Promise<string | undefined> {
    const code = /[?&]code=([\w-]+)/.exec(location)?.[1];
    if (!code) return location;
    const copy = randomToken();
    const copied = await rowsOf(
      this.source,
      `INSERT INTO oidc_artifact (environment, model, id_sha256, payload, grant_id, uid, expires_at)
       SELECT environment, model, $3, payload, grant_id, uid, expiry
       FROM oidc_artifact code,
         LATERAL (SELECT least(expires_at, to_timestamp((payload->>'exp')::float8)) AS expiry) lifetime
       WHERE environment = $1 AND model = 'AuthorizationCode' AND id_sha256 = $2 AND expiry > now()
         AND NOT EXISTS (SELECT 1 FROM ended_grant WHERE ended_grant.grant_id = code.grant_id)
       RETURNING 1`,
      [this.environment, sha256(code), sha256(copy)],
    );
    return copied.length > 0 ? location.replace(`code=${code}`, `code=${copy}`) : undefined;
  }
}
