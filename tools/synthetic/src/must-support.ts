/** One line of what must occur somewhere in the data of a profile. */
export interface Requirement {
  /** As the list writes it. */
  text: string;
  isMet(resources: readonly Json[]): boolean;
}

export interface ProfileRequirements {
  title: string;
  type: string;
  /** Canonical with its version. */
  canonical: string;
  requirements: Requirement[];
}

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Slice {
  path: string;
  matches(element: unknown): boolean;
}

/**
 * Reads a list of must-support elements (`data/must-support/*.md`: a section per profile, its elements,
 * extensions, slices, and the choices of which one suffices).
 */
export function readRequirements(markdown: string): ProfileRequirements[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [head = '', ...lines] = section.split('\n');
      const [, title = '', type = '', canonical = ''] = /^(.*) \((\w+)\) `([^`]+)/.exec(head) ?? [];
      const line = (name: string) =>
        lines.find((text) => text.startsWith(`- ${name}`))?.replace(/^- [^:]*: /, '') ?? '';
      const slices = readSlices(line('slices'), type);
      const groups = alternatives(line('choices'));
      const requirements = [
        ...[...line('elements').matchAll(/`([^`]+)`/g)].map(([, text = '']) =>
          elementOf(text, slices, groups),
        ),
        ...[...line('extensions').matchAll(/`([\w.]+)` \(([\w-]+)\)/g)].map(([, path = '', name = '']) =>
          extensionOf(path, name),
        ),
        ...slices.map(({ name, slice }) => ({
          text: name,
          isMet: (resources: readonly Json[]) =>
            resources.some((resource) =>
              valuesAt(resource, slice.path).some((value) => slice.matches(value)),
            ),
        })),
      ];
      return { title, type, canonical, requirements };
    });
}

function elementOf(
  text: string,
  slices: readonly { name: string; slice: Slice }[],
  groups: readonly string[][],
): Requirement {
  const [path = '', value] = text.split(/ (?:->|=) /)[0] === text ? [text] : text.split(' = ');
  const plain = path.split(' -> ')[0]!.trim();
  const fixed = value?.replaceAll('"', '');
  const others = groups.find((group) => group.includes(plain)) ?? [plain];
  const found = (resource: Json, wanted: string) =>
    valuesAt(resource, wanted, slices).some((held) => fixed === undefined || String(held) === fixed);
  return {
    text,
    isMet: (resources) =>
      others.some((other) => resources.some((resource) => found(resource, other))) &&
      targetsMet(text, plain, resources, slices),
  };
}

/** `-> us-core-patient`: at least one of the types that the named profiles are of is really pointed to. */
function targetsMet(
  text: string,
  path: string,
  resources: readonly Json[],
  slices: readonly { name: string; slice: Slice }[],
): boolean {
  const named = / -> (.+)$/.exec(text)?.[1];
  if (!named) return true;
  const held = resources.flatMap((resource) => valuesAt(resource, path, slices));
  // One of a choice's alternatives suffices, and it was this one's turn to be absent.
  if (held.length === 0) return true;
  return held.some(
    (value) => isObject(value) && (typeof value.reference === 'string' || isObject(value.identifier)),
  );
}

function extensionOf(path: string, name: string): Requirement {
  return {
    text: `${path} (${name})`,
    isMet: (resources) =>
      resources.some((resource) =>
        valuesAt(resource, path).some((value) => isObject(value) && String(value.url).endsWith(`/${name}`)),
      ),
  };
}

/** The values at a path; a segment may name a slice (`class:group`) or end a choice (`value[x]`). */
function valuesAt(
  resource: unknown,
  path: string,
  slices: readonly { name: string; slice: Slice }[] = [],
): unknown[] {
  let values: unknown[] = [resource];
  const walked: string[] = [];
  for (const segment of path.split('.')) {
    const [element = '', sliceName] = segment.split(':');
    const isChoice = element.endsWith('[x]');
    const name = element.replace('[x]', '');
    walked.push(name);
    values = values.flatMap((value) => {
      if (!isObject(value)) return [];
      const held = isChoice
        ? Object.entries(value).find(
            ([key]) => key.startsWith(name) && /^[A-Z]/.test(key.slice(name.length)),
          )?.[1]
        : value[name];
      // Extensions of a primitive element are beside it (FHIR R4 §2.6.2.3).
      const beside = value[`_${name}`];
      return [held, beside].flat().filter((item) => item !== undefined);
    });
    const slice =
      sliceName && slices.find(({ name: known }) => known.endsWith(`${walked.join('.')}:${sliceName}`));
    if (slice) values = values.filter((value) => slice.slice.matches(value));
  }
  return values;
}

function readSlices(text: string, type: string): { name: string; slice: Slice }[] {
  return [...text.matchAll(/`([^`]+)` \{(.*?)\}(?=; `|$)/g)].map(([, name = '', rule = '']) => {
    const path = name.replace(`${type}.`, '').replace(/:[^.]*$/, '');
    // A slice of a choice by its type, `value[x]:valueQuantity`: the element of that name.
    const [, parent = '', choice, typed] = /^((?:.+\.)?)(\w+)\[x\]:(\w+)$/.exec(name) ?? [];
    if (choice && typed?.startsWith(choice))
      return {
        name,
        slice: { path: `${parent.replace(`${type}.`, '')}${typed}`, matches: () => true },
      };
    // Of a slice without a rule the name is the code of its type.
    if (rule === '')
      return {
        name,
        slice: {
          path,
          matches: (element) =>
            valuesAt(element, 'type.coding').some((coding) => isCoded(coding, undefined, name.split(':')[1])),
        },
      };
    const member = (key: string) => new RegExp(`(?:^|, )${key}=([^,}]+)`).exec(rule)?.[1];
    const paths = [...rule.matchAll(/':path': '([^']*)', ':value': '([^']*)'/g)];
    const pairs = rule.startsWith('values=')
      ? [...rule.matchAll(/':system': '([^']*)', ':code': '([^']*)'/g)].map(([, system, code]) => ({
          system,
          code,
        }))
      : [{ system: member('system'), code: member('code') }];
    const inner = member('path');
    return {
      name,
      slice: {
        path,
        matches: (element) =>
          (paths.length > 0 &&
            paths.every(([, at = '', wanted]) => valuesAt(element, at).includes(wanted))) ||
          pairs.some(({ system, code }) =>
            (inner ? valuesAt(element, inner) : [element]).some((value) => isCoded(value, system, code)),
          ),
      },
    };
  });
}

function isCoded(value: unknown, system: string | undefined, code: string | undefined): boolean {
  if (!isObject(value)) return code === undefined || value === code;
  const codings = Array.isArray(value.coding) ? (value.coding as Json[]) : [value];
  return codings.some(
    (coding) =>
      (system === undefined || coding.system === system) && (code === undefined || coding.code === code),
  );
}

/** Groups of paths of which one suffices. */
function alternatives(text: string): string[][] {
  return [...text.matchAll(/":paths": \[([^\]]*)\]/g)].map(([, list = '']) =>
    [...list.matchAll(/"([^"]+)"/g)].map(([, path = '']) => path),
  );
}
