export { datasetVersion, generate, type GenerateOptions } from './generate.js';
export { hasDataSet, testMembers, type Environment, type TestMember } from './test-members.js';
export { writeFiles, type WrittenFiles } from './write-files.js';
