import type { StructureProblem } from './check-structure.js';

/** How often a problem occurred in the resources of a profile. */
export interface StructureFinding {
  /** The first of `meta.profile`, else R4's StructureDefinition of the type. */
  profile: string;
  element: string;
  problem: string;
  count: number;
  /** `Type/id` of the first resource with the problem. */
  example: string;
}

/** Counts problems by profile and element. */
export class StructureFindings {
  private readonly byKey = new Map<string, StructureFinding>();

  addResource(resource: Record<string, unknown>, problems: readonly StructureProblem[]): void {
    const profile = profileOf(resource);
    const example = `${String(resource.resourceType)}/${String(resource.id)}`;
    for (const { element, problem } of problems)
      // The value after the colon differs from resource to resource.
      this.add({ profile, element, problem: problem.replace(/: .*$/s, ''), count: 1, example });
  }

  add(finding: StructureFinding): void {
    const key = `${finding.profile} ${finding.element} ${finding.problem}`;
    const known = this.byKey.get(key);
    if (known) known.count += finding.count;
    else this.byKey.set(key, { ...finding });
  }

  /** The most frequent first. */
  get all(): StructureFinding[] {
    return [...this.byKey.values()].sort((a, b) => b.count - a.count);
  }
}

function profileOf({ meta, resourceType }: Record<string, unknown>): string {
  const profile = (meta as { profile?: unknown } | undefined)?.profile;
  const [first] = Array.isArray(profile) ? (profile as unknown[]) : [];
  return typeof first === 'string'
    ? first
    : `http://hl7.org/fhir/StructureDefinition/${String(resourceType)}`;
}
