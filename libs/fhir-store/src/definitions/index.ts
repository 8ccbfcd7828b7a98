export { changesBetween, indexRules, type DefinitionChanges, type IndexRules } from './changes.js';
export {
  definitions,
  isCompartmentType,
  parameterDefinition,
  typeDefinition,
  type ComponentDefinition,
  type Definitions,
  type ParameterDefinition,
  type SearchParameterType,
  type TypeDefinition,
} from './definitions.js';
export { partsAbout } from './expression-parts.js';
export { readPackage, readR4, type PackagedResource } from './read-package.js';
export { readStructures, type ElementRow, type StructureTable } from './structures.js';
