import type { Access } from '../access.js';
import type { ParameterDefinition } from '../definitions/definitions.js';
import { localTarget, type Resource, type Value } from './independent.js';
import { valuesIn } from './resources.js';
import { baseUrl, directory, directoryTypes, entries, member, type TestStore } from './store.js';

const directoryNames = new Set<string>(directoryTypes);

interface Sample {
  access: Access;
  resource: Resource;
  value: Value;
}

/** What each reader of a store sees: the directory's reader, and each member. */
export class Readers {
  private readonly seen = new Map<Access, Map<string, Resource[]>>();

  async read(store: TestStore): Promise<void> {
    const { rows } = await store.pool.query<{ patient: string | null; body: string }>(
      'SELECT patient, body FROM member_resource UNION ALL SELECT NULL, body FROM shared_resource',
    );
    const readers = new Map<string | null, Access>([[null, directory]]);
    for (const { patient, body } of rows) {
      const resource = JSON.parse(body) as Resource;
      if (patient === null && !directoryNames.has(resource.resourceType)) continue;
      const access = readers.get(patient) ?? member(patient!);
      readers.set(patient, access);
      const types = this.seen.get(access) ?? new Map<string, Resource[]>();
      this.seen.set(
        access,
        types.set(resource.resourceType, [...(types.get(resource.resourceType) ?? []), resource]),
      );
    }
    // Medications are not in the directory, and a member sees those that something of the member's points to.
    for (const [access, types] of this.seen)
      if (access !== directory) {
        const bundle = await store.search('Medication?_count=1000', access);
        types.set(
          'Medication',
          entries(bundle, 'match').map(({ resource }) => resource as Resource),
        );
      }
  }

  get all(): Access[] {
    return [...this.seen.keys()];
  }

  /** The resources of a reader by type. */
  seenBy(access: Access): ReadonlyMap<string, Resource[]> {
    return this.seen.get(access) ?? new Map<string, Resource[]>();
  }

  visible(access: Access, type: string): Resource[] {
    return this.seenBy(access).get(type) ?? [];
  }

  /** Who sees resources of a type; of the members, the one who has most. */
  accessTo(type: string): Access | undefined {
    if (this.visible(directory, type).length > 0) return directory;
    const members = this.all.filter((access) => this.visible(access, type).length > 0);
    return members.sort((a, b) => this.visible(b, type).length - this.visible(a, type).length)[0];
  }

  /** A few differing values of a parameter, of differing readers, as they lie in the data. */
  samples(type: string, definition: ParameterDefinition, most = 3): Sample[] {
    const found = new Map<string, Sample>();
    for (const access of this.all)
      for (const resource of this.visible(access, type))
        for (const value of valuesIn(definition, resource)) {
          const key = JSON.stringify(value);
          if (!found.has(key)) found.set(key, { access, resource, value });
        }
    const all = [...found.values()];
    const step = Math.max(1, Math.floor(all.length / most));
    return all.filter((_, n) => n % step === 0).slice(0, most);
  }

  /** The resources of a reader that one points to by a parameter. */
  targetsOf(access: Access, definition: ParameterDefinition, resource: Resource): Resource[] {
    return valuesIn(definition, resource)
      .map((value) => this.find(access, localTarget(value, baseUrl)))
      .filter((target) => target !== undefined);
  }

  private find(access: Access, target: string | undefined): Resource | undefined {
    const [type = '', id] = target?.split('/') ?? [];
    return this.visible(access, type).find((resource) => resource.id === id);
  }
}
