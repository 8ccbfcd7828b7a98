import { addToOutbox, wakeRelays } from '@payer/events';
import { rowsOf, type ScheduledJob } from '@payer/service';
import type { DataSource } from 'typeorm';
import type { Config } from './config.js';
import type { Grants } from './grants/grants.js';
import type { Logos } from './logos/logos.js';
import { noteEnding } from './grants/keep-notices.js';
import type { NoticeDelivery } from './notices/notice-delivery.js';
import { redemptionInterval, type Redemptions } from './grants/redemptions.js';

const second = 1000;
const minute = 60_000;
/** Short, so that members see the logo of a new app soon. */
const logoInterval = 5 * second;

/** The scheduled jobs of consent. */
export function scheduledJobs(
  config: Config,
  source: DataSource,
  grants: Grants,
  redemptions: Redemptions,
  logos: Logos,
  notices: NoticeDelivery,
): ScheduledJob[] {
  const beat = config.HEARTBEAT_INTERVAL_MS;
  return [
    { name: 'heartbeat', interval: beat, run: () => publishHeartbeat(source, beat) },
    {
      name: 'asking which grants were redeemed',
      interval: redemptionInterval,
      run: () => redemptions.check(),
    },
    { name: 'ending expired grants', interval: second, run: () => grants.endExpired() },
    { name: 'copying logos', interval: logoInterval, run: () => logos.refresh() },
    { name: 'forgetting logos', interval: 60 * minute, run: () => logos.forgetUnnamed() },
    { name: 'sending notices', interval: second, run: () => notices.sendDue() },
    { name: 'noting grants that end soon', interval: minute, run: () => noteEnding(source) },
    {
      name: 'cleaning',
      interval: minute,
      run: () => source.query('DELETE FROM pending_consent WHERE expires_at < now()'),
    },
  ];
}

/** Publishes one heartbeat per interval for all replicas: the replica that updates the row publishes it. */
async function publishHeartbeat(source: DataSource, interval: number): Promise<void> {
  await source.transaction(async (manager) => {
    const [row] = await rowsOf<{ at: Date }>(
      manager,
      `UPDATE heartbeat SET at = clock_timestamp()
       WHERE at < clock_timestamp() - make_interval(secs => $1) RETURNING at`,
      [(interval * 0.9) / 1000],
    );
    if (!row) return;
    await addToOutbox(manager, 'heartbeat', {
      id: 'consent',
      version: row.at.getTime(),
      at: row.at.toISOString(),
    });
  });
  wakeRelays();
}
