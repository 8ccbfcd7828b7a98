import { eventTypes } from '@payer/smart';
import { z } from 'zod';
import type { KafkaCluster } from './cluster.js';

/** A publisher's memory of the log: the cluster's id and the end of each partition. */
const memorySchema = z.object({ cluster: z.string(), ends: z.record(z.string(), z.string()) });

/**
 * Compares the topics with the publisher's memory. Another cluster id, or a partition with an earlier end,
 * means that the log has lost events.
 */
export async function checkTopics(
  cluster: KafkaCluster,
  prefix: string,
  memory: unknown,
): Promise<{ memory: unknown; lost?: string }> {
  const known = memorySchema.safeParse(memory).data;
  await cluster.ensureTopics();
  const extents = await cluster.extents(eventTypes.map((type) => `${prefix}${type}`));
  const ends = Object.fromEntries([...extents].map(([name, { high }]) => [name, String(high)]));
  const now = { cluster: await cluster.identity(), ends };
  if (!known) return { memory: now };
  if (known.cluster !== now.cluster) return { memory: now, lost: 'is on another cluster' };
  const shrunk = Object.entries(known.ends).filter(([name, end]) => BigInt(ends[name] ?? 0) < BigInt(end));
  return shrunk.length > 0
    ? { memory: now, lost: `has lost events (${shrunk.map(([name]) => name).join(', ')})` }
    : { memory: now };
}
