import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { generate, sizeOf, type GenerateOptions } from './generate.js';
import { withExercises } from './exercises.js';
import { signInsOf } from './sign-ins.js';
import type { CatalogueMember } from './special-cases.js';

export interface WrittenFiles {
  /** NDJSON of the resources. */
  file: string;
  /** NDJSON of the people who can sign in: a `DescribedSignIn` of `exercises.ts` per line. */
  membersFile: string;
  /** How many resources. */
  count: number;
}

/** Generates an environment's data into a directory, which is made when it is missing. */
export async function writeFiles(options: GenerateOptions, directory: string): Promise<WrittenFiles> {
  const { environment } = options;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${environment}.ndjson`);
  const membersFile = join(directory, `${environment}.members.ndjson`);
  const signIns = signInsOf(environment, options.members ?? sizeOf(environment).members, options.seed);
  const withSignIn = new Set(signIns.map(({ patient }) => patient));
  // Only members with a sign-in are described. Of the others nothing is kept.
  const described = new Map<string, CatalogueMember>();
  let member: CatalogueMember | undefined;
  const stream = createWriteStream(file);
  let count = 0;
  let chunk = '';
  for (const resource of generate(options)) {
    if (resource.resourceType === 'Patient') {
      member = withSignIn.has(resource.id) ? { patient: resource, all: [] } : undefined;
      if (member) described.set(resource.id ?? '', member);
    }
    member?.all.push(resource);
    chunk += `${JSON.stringify(resource)}\n`;
    count += 1;
    if (chunk.length > 1_000_000) {
      if (!stream.write(chunk)) await once(stream, 'drain');
      chunk = '';
    }
  }
  stream.end(chunk);
  await once(stream, 'finish');
  // The domain is reserved (RFC 2606 §3), so no mail reaches a person.
  const members = withExercises(signIns, described).map((signIn) => ({
    ...signIn,
    email: `${signIn.username}@example.org`,
  }));
  writeFileSync(membersFile, members.map((each) => `${JSON.stringify(each)}\n`).join(''));
  return { file, membersFile, count };
}
