/**
 * Sections of `CHANGELOG.md` begin with `## [x.y.z] - yyyy-mm-dd`, the one of the next release with `##
 * [Unreleased]`.
 */
const unreleased = '## [Unreleased]';

/** @returns the text of a section without its heading; undefined when there is no such section */
export function section(changelog, name) {
  const lines = changelog.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`## [${name}]`));
  if (from < 0) return undefined;
  const length = lines.slice(from + 1).findIndex((line) => line.startsWith('## ['));
  return lines
    .slice(from + 1, length < 0 ? undefined : from + 1 + length)
    .join('\n')
    .trim();
}

/** @returns the reasons why the changes since the last release cannot be released; none when they can */
export function faultsOfNotes(changelog) {
  const notes = section(changelog, 'Unreleased');
  if (notes === undefined) return [`CHANGELOG.md has no section "${unreleased}"`];
  const upgrade = notes.split(/^### /m).find((part) => part.startsWith('Upgrade\n'));
  if (upgrade === undefined)
    return ['CHANGELOG.md: the section Unreleased has no "### Upgrade"; write "None." when there is no step'];
  if (upgrade.slice('Upgrade'.length).trim() === '')
    return ['CHANGELOG.md: "### Upgrade" is empty; write "None." when there is no step'];
  return [];
}

/**
 * @returns the changelog with the unreleased changes under a version and a date, and an empty section above
 */
export function released(changelog, version, date) {
  return changelog.replace(unreleased, `${unreleased}\n\n## [${version}] - ${date}`);
}
