import { Injectable } from '@nestjs/common';
import { rowsOf } from '@payer/service';
import { DataSource } from 'typeorm';
import { queueWebhook } from '../webhook-events/queue-webhook.js';

/** Hours before the end of a replaced secret. A shorter grace period is announced at its start. */
const noticeHours = 6;

/** Announces the end of replaced client secrets, once each. */
@Injectable()
export class SecretNotices {
  constructor(private readonly source: DataSource) {}

  async announce(): Promise<void> {
    await this.source.transaction(async (manager) => {
      const ending = await rowsOf<{ id: string; client_id: string; expires_at: Date }>(
        manager,
        `SELECT id, client_id, expires_at FROM app_secret
         WHERE ending_notice_at IS NULL AND expires_at > now()
           AND expires_at <= now() + make_interval(hours => ${noticeHours})
         ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED`,
      );
      if (ending.length === 0) return;
      await manager.query('UPDATE app_secret SET ending_notice_at = now() WHERE id = ANY($1::bigint[])', [
        ending.map(({ id }) => id),
      ]);
      for (const { id, client_id, expires_at } of ending)
        await queueWebhook(manager, {
          type: 'secret.ending',
          client_id,
          data: { expires_at: expires_at.toISOString() },
          cause: id,
        });
    });
  }
}
