import type { PackagedResource } from '@payer/fhir-store/definitions';
import { indexedTypes, type ServedGuide } from '@payer/smart';

/** An element of a profile's snapshot, as far as the list needs it. */
interface ProfileElement {
  id: string;
  path: string;
  sliceName?: string;
  min?: number;
  mustSupport?: boolean;
  type?: { code: string; profile?: string[]; targetProfile?: string[] }[];
  slicing?: { discriminator?: { type: string; path: string }[] };
  binding?: { strength: string; valueSet?: string };
  extension?: { url: string; valueBoolean?: boolean }[];
  [fixedOrPattern: string]: unknown;
}

interface Profile extends PackagedResource {
  url: string;
  title?: string;
  name: string;
  type: string;
  kind: string;
  derivation?: string;
  abstract?: boolean;
  snapshot: { element: ProfileElement[] };
}

/**
 * The must-support elements of a guide's profiles, in the form that `data/must-support` has: a section per
 * profile with its mandatory elements, elements, extensions and slices. US Core's additional USCDI elements
 * count as must-support, as Inferno has it.
 * @param wanted canonicals of the profiles that are served, without versions
 */
export function mustSupportList(
  { title, version, profiles }: ServedGuide,
  resources: readonly PackagedResource[],
  wanted: ReadonlySet<string>,
): string {
  const sections = (resources as Profile[])
    .filter((one) => one.resourceType === 'StructureDefinition' && isListed(one, wanted))
    .filter(({ url }) => profiles === 'all' || profiles.includes(url.slice(url.lastIndexOf('/') + 1)))
    .sort((one, other) => (one.url < other.url ? -1 : 1))
    .map((profile) => sectionOf(profile, version));
  return [
    `# Must-support and mandatory elements of the profiles served: ${title}`,
    'Source: the snapshots of the profiles in the package, by `npm run guides`. Every element has to occur in a resource of the sandbox.',
    ...sections,
  ].join('\n\n');
}

const isListed = ({ url, type, kind, derivation, abstract }: Profile, wanted: ReadonlySet<string>): boolean =>
  kind === 'resource' &&
  derivation === 'constraint' &&
  abstract !== true &&
  wanted.has(url) &&
  (indexedTypes as readonly string[]).includes(type);

function sectionOf({ title, name, type, url, snapshot: { element: elements } }: Profile, version: string) {
  const supported = elements.filter(
    (element) => element.path !== type && isSupported(element) && !isConditional(element, elements),
  );
  const lines = [
    [
      'mandatory',
      list(elements.filter(({ id, min }) => isPlain(id, type) && min === 1).map(({ path }) => path)),
    ],
    ['elements', list(supported.filter(isElement).map((element) => elementText(element)))],
    ['extensions', extensionsText(supported.filter(isExtension), type)],
    ['choices (one suffices)', choicesText(supported, type)],
    [
      'slices',
      slicesText(
        supported.filter((one) => one.sliceName && !isExtension(one)),
        elements,
      ),
    ],
  ] as const;
  return [
    `## ${title ?? name} (${type}) \`${url}|${version}\``,
    ...lines.filter(([, text]) => text !== '').map(([label, text]) => `- ${label}: ${text}`),
  ].join('\n');
}

const isSupported = ({ mustSupport, extension = [] }: ProfileElement): boolean =>
  mustSupport === true ||
  extension.some(({ url, valueBoolean }) => url.endsWith('/uscdi-requirement') && valueBoolean === true);

/**
 * Whether an Observation has the element only in the place of another one: the reason for an absent value, a
 * component beside a value, and a value beside the components that the profile demands. Inferno's lists leave
 * them out, too.
 */
function isConditional({ id }: ProfileElement, elements: readonly ProfileElement[]): boolean {
  const [type, element, ...below] = id.split('.');
  if (type !== 'Observation' || element === undefined) return false;
  const demanded = elements.some(
    ({ path, sliceName, min = 0 }) => path === 'Observation.component' && sliceName && min > 0,
  );
  if (element === 'dataAbsentReason' || below.at(-1) === 'dataAbsentReason')
    return !demanded || below.length === 0;
  return demanded ? element === 'value[x]' : element === 'component';
}

const isExtension = ({ path, sliceName }: ProfileElement) =>
  path.endsWith('.extension') && sliceName !== undefined;

/** Whether the element is neither a slice nor an extension; a child of a slice is an element. */
const isElement = ({ path, sliceName }: ProfileElement) =>
  sliceName === undefined && !path.endsWith('.extension');

/** Whether a path is of the type's own elements, two levels at most, outside any slice. */
const isPlain = (id: string, type: string) =>
  id.startsWith(`${type}.`) && !id.includes(':') && id.split('.').length === 2;

const quoted = (text: string) => `\`${text}\``;
const list = (texts: readonly string[]) => [...new Set(texts)].map(quoted).join(', ');
const withoutType = (id: string) => id.slice(id.indexOf('.') + 1);

/** `subject`, `use = "claim"`, `component:systolic.value[x]`: the id says in which slice the element is. */
function elementText(element: ProfileElement): string {
  const fixed = fixedValue(element);
  const text = withoutType(element.id);
  return typeof fixed === 'string' ? `${text} = "${fixed}"` : text;
}

function fixedValue(element: ProfileElement): unknown {
  const name = Object.keys(element).find((key) => /^(fixed|pattern)[A-Z]/.test(key));
  return name === undefined ? undefined : element[name];
}

const extensionsText = (extensions: readonly ProfileElement[], type: string): string =>
  extensions
    .flatMap(({ path, id, type: types = [] }) => {
      const profile = types[0]?.profile?.[0]?.split('|')[0];
      // The list has no form for an extension inside a slice of another element.
      const isInSlice = id.slice(0, id.lastIndexOf('.extension')).includes(':');
      return profile && !isInSlice
        ? [`\`${path.slice(type.length + 1)}\` (${profile.slice(profile.lastIndexOf('/') + 1)})`]
        : [];
    })
    .join(', ');

/**
 * A code and a reference for the same thing, such as reasonCode and reasonReference: one of them suffices.
 */
const choicesText = (supported: readonly ProfileElement[], type: string): string =>
  supported
    .filter(
      ({ id }) => id.endsWith('Code') && supported.some((one) => one.id === id.replace(/Code$/, 'Reference')),
    )
    .map(({ id }) => id.slice(type.length + 1))
    .map((path) => `[{":paths": ["${path}", "${path.replace(/Code$/, 'Reference')}"]}]`)
    .join('; ');

function slicesText(slices: readonly ProfileElement[], elements: readonly ProfileElement[]): string {
  return slices
    .flatMap((slice) => {
      const rule = ruleOf(slice, elements);
      return rule === undefined ? [] : [`${quoted(slice.id)} {${rule}}`];
    })
    .join('; ');
}

/**
 * How a slice is recognized: by the code that its discriminator has. A slice by a value set or a profile has
 * no rule here and is left out; its elements are listed.
 */
function ruleOf(slice: ProfileElement, elements: readonly ProfileElement[]): string | undefined {
  // A slice of a choice by its type, `value[x]:valueQuantity`.
  if (/\[x\]:\w+$/.test(slice.id)) return '';
  const own = codingOf(fixedValue(slice));
  if (own) return own;
  const sliced = elements.find(({ id, slicing }) => slicing && slice.id.startsWith(`${id}:`));
  const [discriminator] = sliced?.slicing?.discriminator ?? [];
  if (!discriminator || discriminator.path === '$this') return undefined;
  const at = elements.find(({ id }) => id === `${slice.id}.${discriminator.path}`);
  const coding = at && codingOf(fixedValue(at));
  return coding && `path=${discriminator.path}, ${coding}`;
}

/** `code=a, system=b` of a fixed or pattern CodeableConcept, Coding or code; undefined of another value. */
function codingOf(value: unknown): string | undefined {
  if (typeof value === 'string') return `code=${value}`;
  if (typeof value !== 'object' || value === null) return undefined;
  const { coding: [first] = [value] } = value as { coding?: { code?: string; system?: string }[] };
  const { code, system } = first as { code?: string; system?: string };
  return code === undefined ? undefined : `code=${code}${system ? `, system=${system}` : ''}`;
}
