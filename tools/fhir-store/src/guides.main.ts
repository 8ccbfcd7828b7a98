/**
 * Makes from the guides table and the packages in `data/igs` what the platform derives from them, and says
 * what changes. Run it with `npm run guides` after a change of the table, of a package or of `data/r4`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { changesBetween, indexRules, type Definitions } from '@payer/fhir-store/definitions';
import { servedGuides } from '@payer/smart';
import { dataFolder, readGuidePackages } from './guide-packages.js';
import { makeDefinitions } from './make-definitions.js';
import { makeStructures } from './make-structures.js';
import { mustSupportList } from './must-support-list.js';

const usage = `Makes the search definitions, the structures and the must-support lists from the guides table
(libs/smart/src/guides.ts) and the packages in data/igs, and says what changes. See docs/guides.md.

  npm run guides               writes the files
  npm run guides -- --check    writes nothing; exit code 1 when a file would change`;

const storeData = new URL('../../../libs/fhir-store/data/', import.meta.url);

/** A file to write, with its text. */
interface Made {
  file: URL;
  text: string;
}

const textOf = (file: URL) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
const shortName = (file: URL) => fileURLToPath(file).slice(fileURLToPath(new URL('../', dataFolder)).length);

/** Profiles as `canonical|version` of all types. */
const profilesOf = (definitions: Definitions | undefined) =>
  new Set(Object.values(definitions?.types ?? {}).flatMap(({ profiles }) => profiles));

function show(title: string, names: readonly string[]): void {
  console.log(`${title}: ${names.length === 0 ? 'none' : names.length}`);
  for (const name of names) console.log(`  ${name}`);
}

function showChanges(before: Definitions | undefined, after: Definitions): void {
  const changes = changesBetween(before ? indexRules(before) : {}, indexRules(after));
  const [oldProfiles, profiles] = [profilesOf(before), profilesOf(after)];
  const from = (name: string) => {
    const [type = '', code = ''] = name.split('?');
    return `${name} (${after.types[type]?.parameters[code]?.from ?? 'no guide'})`;
  };
  show('New search parameters', changes.added.map(from));
  show('Redefined search parameters', changes.redefined.map(from));
  show('Search parameters that are gone', changes.gone);
  show(
    'New profiles',
    [...profiles].filter((one) => !oldProfiles.has(one)),
  );
  show(
    'Profiles that are gone',
    [...oldProfiles].filter((one) => !profiles.has(one)),
  );
  show('Types whose stored resources need another indexing', changes.typesToReindex);
  if (changes.typesToReindex.length > 0)
    console.log('  npm run load -- --environment sandbox --index-changes   counts these resources');
}

async function main(): Promise<number> {
  const [option, ...others] = process.argv.slice(2);
  if (others.length > 0 || (option !== undefined && option !== '--check')) {
    console.error(usage);
    return option === '--help' ? 0 : 2;
  }
  for (const { file } of servedGuides)
    if (!existsSync(new URL(`igs/${file}.tgz`, dataFolder))) {
      console.error(`data/igs/${file}.tgz is missing: the guides table names this version.`);
      return 2;
    }
  const packages = await readGuidePackages();
  const definitionsFile = new URL('search-definitions.json', storeData);
  const committed = textOf(definitionsFile);
  const before = committed === undefined ? undefined : (JSON.parse(committed) as Definitions);
  const after = makeDefinitions(packages, before);
  console.log(`Served: ${servedGuides.map(({ title }) => title).join(', ')}`);
  showChanges(before, after);
  const made: Made[] = [
    { file: definitionsFile, text: `${JSON.stringify(after, null, 1)}\n` },
    { file: new URL('structures.json', storeData), text: `${JSON.stringify(makeStructures())}\n` },
  ];
  const wanted = new Set([...profilesOf(after)].map((profile) => profile.replace(/\|.*/, '')));
  for (const { guide, resources } of packages) {
    const file = new URL(`must-support/${guide.file}.md`, dataFolder);
    // The lists of Inferno's kits are better than a list made from snapshots, so no list is replaced.
    if (!existsSync(file)) made.push({ file, text: `${mustSupportList(guide, resources, wanted)}\n` });
  }
  const changed = made.filter(({ file, text }) => textOf(file) !== text);
  const isCheck = option === '--check';
  if (!isCheck) for (const { file, text } of changed) writeFileSync(file, text);
  show(
    isCheck ? 'Files that would change' : 'Files written',
    changed.map(({ file }) => shortName(file)),
  );
  return isCheck && changed.length > 0 ? 1 : 0;
}

process.exitCode = await main();
