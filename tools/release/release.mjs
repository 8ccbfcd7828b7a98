/**
 * `npm run release -- 0.2.0`: sets the version everywhere, dates the changes, commits, and makes the tag. It
 * pushes nothing.
 *
 * `npm run release -- --notes 0.2.0` prints the notes of a version, for the workflow.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOfNotes, released, section } from './changelog.mjs';
import { currentVersion, isNewer, setVersion } from './version.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const changelogFile = join(root, 'CHANGELOG.md');
const changelog = readFileSync(changelogFile, 'utf8');

function fail(...reasons) {
  for (const reason of reasons) console.error(reason);
  process.exit(1);
}

const [first, second] = process.argv.slice(2);
const version = (first === '--notes' ? second : first)?.replace(/^v/, '');
if (!/^\d+\.\d+\.\d+$/.test(version ?? ''))
  fail(`"${version ?? ''}" is no version. Usage: npm run release -- 0.2.0`);

if (first === '--notes') {
  const notes = section(changelog, version);
  if (notes === undefined) fail(`CHANGELOG.md has no section [${version}]`);
  console.log(notes);
  process.exit(0);
}

const current = currentVersion(root);
const faults = faultsOfNotes(changelog);
if (git('status', '--porcelain'))
  faults.push('The working tree has changes that are not committed: commit or stash them');
if (!isNewer(version, current)) faults.push(`${version} is not newer than ${current}`);
if (git('tag', '--list', `v${version}`)) faults.push(`The tag v${version} exists already`);
if (faults.length > 0) fail(...faults);

setVersion(root, version);
writeFileSync(changelogFile, released(changelog, version, new Date().toISOString().slice(0, 10)));
git('commit', '--quiet', '--all', '--message', `Release ${version}`);
git('tag', '--annotate', `v${version}`, '--message', `Release ${version}`);
console.log(`Version ${version} is committed and tagged. To publish it: git push --follow-tags`);
