type Json = Record<string, unknown>;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

const objectsOf = (value: unknown): Json[] =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).filter(
    (one): one is Json => typeof one === 'object' && one !== null,
  );

/** A HumanName as text: the official name, else the first one. */
function humanName(names: unknown): string | undefined {
  const all = objectsOf(names);
  const name = all.find(({ use }) => use === 'official') ?? all[0];
  if (!name) return undefined;
  const parts = [name.prefix, name.given, name.family, name.suffix].flat().map(textOf);
  return textOf(name.text) ?? textOf(parts.filter(Boolean).join(' '));
}

/** The name of a person, an organization or a place; undefined when the resource has none. */
export function nameOfParty(resource: Json): string | undefined {
  switch (resource.resourceType) {
    case 'Practitioner':
    case 'Patient':
    case 'RelatedPerson':
      return humanName(resource.name);
    case 'PractitionerRole':
      return displayOf(resource.practitioner) ?? displayOf(resource.organization);
    default:
      return textOf(resource.name);
  }
}

const displayOf = (reference: unknown): string | undefined =>
  textOf((reference as Json | null | undefined)?.display);
