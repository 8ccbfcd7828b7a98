import { readR4 } from '@payer/fhir-store/definitions';

/** An element of R4, as far as summaries and search need it. */
export interface ElementDefinition {
  path: string;
  min?: number;
  isModifier?: boolean;
  isSummary?: boolean;
  type?: { code: string }[];
  contentReference?: string;
  binding?: { strength: string; valueSet?: string };
}

const structures = new Map(
  readR4<{ name: string; snapshot: { element: ElementDefinition[] } }>('StructureDefinition').map(
    ({ name, snapshot }) => [name, snapshot.element] as const,
  ),
);

/** The elements of a type of R4; none for a type that R4 lacks. */
export const elementsOf = (type: string): ElementDefinition[] => structures.get(type) ?? [];

/** The names of elements in JSON. */
export const elementNames = (elements: readonly ElementDefinition[]): string[] =>
  elements.flatMap((element) => namesInJson(element).map(({ name }) => name));

/** The choice elements, each with its names in JSON: `value` has `valueQuantity` and others. */
export const choicesOf = (elements: readonly ElementDefinition[]): Record<string, string[]> =>
  Object.fromEntries(
    elements
      .filter(({ path }) => path.endsWith('[x]'))
      .map((element) => [
        element.path.slice(element.path.lastIndexOf('.') + 1, -3),
        namesInJson(element).map(({ name }) => name),
      ]),
  );

/** What a part of a resource always keeps. */
export const isAlwaysKept = ({ min, isModifier }: ElementDefinition) => (min ?? 0) > 0 || isModifier === true;

/** The names that an element has in JSON, with its type: `value[x]` has one for each. */
function namesInJson({
  path,
  type: types = [],
}: ElementDefinition): { name: string; code: string | undefined }[] {
  const name = path.slice(path.lastIndexOf('.') + 1);
  if (!name.endsWith('[x]')) return [{ name, code: types[0]?.code }];
  return types.map(({ code }) => ({
    name: name.slice(0, -3) + code.charAt(0).toUpperCase() + code.slice(1),
    code,
  }));
}

/**
 * Paths at and below an element of the summary that are not in the summary themselves.
 * @param around data types that it lies in
 */
export function notInSummaryBelow(element: ElementDefinition, around: readonly string[]): string[][] {
  return namesInJson(element).flatMap(({ name, code }) => {
    const isBackbone = code === 'BackboneElement' || code === 'Element';
    // Identifier.assigner is a Reference, which has an Identifier.
    if (!isBackbone && around.includes(code ?? '')) return [];
    // A primitive has nothing below it that JSON writes as a member.
    if (!element.contentReference && !/^[A-Z]/.test(code ?? '')) return [];
    const parent = element.contentReference?.slice(1) ?? (isBackbone ? element.path : (code ?? ''));
    const children = elementsOf(parent.split('.')[0] ?? '').filter(
      ({ path }) =>
        path.startsWith(`${parent}.`) &&
        !path.slice(parent.length + 1).includes('.') &&
        !['id', 'extension', 'modifierExtension'].includes(path.slice(parent.length + 1)),
    );
    return children
      .flatMap((child) =>
        child.isSummary || isAlwaysKept(child)
          ? notInSummaryBelow(child, isBackbone ? around : [...around, code ?? ''])
          : namesInJson(child).map((left) => [left.name]),
      )
      .map((below) => [name, ...below]);
  });
}
