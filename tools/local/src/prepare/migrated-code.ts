import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Preparation } from './preparation.js';

/** Variables of a shell that differ between two terminals and do not matter to a service. */
const ofTheShell = /^(npm_.*|_|PWD|OLDPWD|SHLVL|TERM.*|COLORTERM|COLUMNS|LINES|SSH_.*|WINDOWID|DISPLAY)$/;

/**
 * A digest of everything that a migration step can depend on: the compiled code of services and libraries,
 * and the variables. While the digest stays the same, running the migrations again changes nothing.
 */
export function migrationDigest({ root, variables }: Pick<Preparation, 'root' | 'variables'>): string {
  const hash = createHash('sha256');
  for (const group of ['apps', 'libs'])
    for (const project of readdirSync(join(root, group)).sort()) {
      const dist = join(root, group, project, 'dist');
      if (!existsSync(dist)) continue;
      for (const file of (readdirSync(dist, { recursive: true }) as string[]).sort())
        if (file.endsWith('.js') && !file.endsWith('.spec.js'))
          hash.update(file).update(readFileSync(join(dist, file)));
    }
  const inherited = Object.entries(process.env).filter(([name]) => !ofTheShell.test(name));
  return hash.update(JSON.stringify([inherited.sort(), variables])).digest('hex');
}

/** Whether the database was migrated by exactly this code with these variables. */
export function isMigrated(noteFile: string, digest: string): boolean {
  return existsSync(noteFile) && readFileSync(noteFile, 'utf8') === digest;
}

export function noteMigrated(noteFile: string, digest: string): void {
  writeFileSync(noteFile, digest);
}
