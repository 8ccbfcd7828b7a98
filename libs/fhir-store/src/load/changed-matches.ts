import { conditionKey, type Resolutions } from './conditional-references.js';
import { nameOf } from './keys.js';
import type { PreparedEntry } from './prepare-entry.js';

/**
 * Finds the conditions that match another resource when a batch is stored than before: the batch deletes the
 * resource, takes its identifier away, or brings another one with the identifier.
 */
export class ChangedMatches {
  readonly conditions = new Set<string>();
  /** By `Type/id` of the resource that matches. */
  private readonly byTarget = new Map<string, { condition: string; key: number }[]>();
  /** By type and key. */
  private readonly byKey = new Map<string, Map<number, { condition: string; id: string }>>();

  /** @param resolutions a condition that does not match exactly one resource is left out: it waits anyway */
  constructor(resolutions: Resolutions) {
    for (const [condition, ids] of resolutions) {
      const asked = conditionKey(condition);
      if (typeof asked === 'string' || ids.length !== 1) continue;
      const { type, key } = asked;
      const [id] = ids as [string];
      const target = nameOf({ type, id });
      this.byTarget.set(target, [...(this.byTarget.get(target) ?? []), { condition, key }]);
      const ofType = this.byKey.get(type) ?? new Map<number, { condition: string; id: string }>();
      this.byKey.set(type, ofType.set(key, { condition, id }));
    }
  }

  /** @param one an entry that is stored or deleted */
  note(one: PreparedEntry): void {
    if (this.byTarget.size === 0) return;
    if ('deleted' in one)
      for (const { condition } of this.byTarget.get(nameOf(one.deleted)) ?? [])
        this.conditions.add(condition);
    if (!('prepared' in one)) return;
    const { type, id, values } = one.prepared;
    const ofType = this.byKey.get(type);
    if (!ofType) return;
    const keys = new Set(values.keys);
    for (const { condition, key } of this.byTarget.get(nameOf({ type, id })) ?? [])
      if (!keys.has(key)) this.conditions.add(condition);
    for (const key of keys) {
      const asked = ofType.get(key);
      if (asked && asked.id !== id) this.conditions.add(asked.condition);
    }
  }
}
