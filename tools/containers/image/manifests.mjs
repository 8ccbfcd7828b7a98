import { existsSync, readdirSync } from 'node:fs';

/** Paths of the manifests of all workspaces, from the repository's root. */
export function manifests() {
  return ['libs', 'apps', 'tools']
    .flatMap((group) =>
      existsSync(group) ? readdirSync(group).map((name) => `${group}/${name}/package.json`) : [],
    )
    .filter((path) => existsSync(path));
}
