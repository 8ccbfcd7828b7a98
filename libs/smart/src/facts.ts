import { z } from 'zod';
import { appState, grantState, tokenRevocation } from './events.js';

/*
 * The facts that the bound on revocation rests on. Each owner serves its facts as a feed. The event log
 * carries the same facts faster, but nothing depends on the log (docs/decisions/0020-owners-are-asked.md).
 */

/**
 * One feed per owning service: the contract of its facts, their key, and the event that carries the same fact
 * in the log.
 */
export const factFeeds = {
  registration: { eventType: 'app-updated', key: 'client_id', fact: appState },
  consent: { eventType: 'grant-revoked', key: 'grant_id', fact: grantState },
  'auth-server': { eventType: 'token-revoked', key: 'id', fact: tokenRevocation },
} as const;

export type FactOwner = keyof typeof factFeeds;
export type Fact<Owner extends FactOwner = FactOwner> = z.infer<(typeof factFeeds)[Owner]['fact']>;

/** Path of an owner's feed. Only services of the platform may call it. */
export const factsPath = '/internal/facts';

/** Maximum facts in one answer; further facts are on the next page. */
export const factsPerPage = 2000;

/** An owner's answer: all facts that changed since the reader's cursor, and no others. */
export const factsAnswer = z.object({
  identity: z.string().describe("of the owner's database; another one means that facts may have been lost"),
  restored_seconds_ago: z
    .number()
    .nullable()
    .describe('since the database was restored from a backup; null when never'),
  cursor: z.string().describe('where the next reading begins, once all pages are read'),
  next: z.string().nullable().describe('the next page of this reading; null on the last one'),
  facts: z.array(z.unknown()),
});
export type FactsAnswer = z.infer<typeof factsAnswer>;

/** A reader's query. */
export const factsQuery = z.object({
  after: z.string().regex(/^\d+$/, 'must be a cursor of an earlier answer').default('0'),
  page: z
    .string()
    .regex(/^\d+:/, 'must be `next` of an earlier answer')
    .optional()
    .describe('`next` of the answer before'),
  recent: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('seconds: facts that are older do not matter to the reader'),
});
export type FactsQuery = z.infer<typeof factsQuery>;
