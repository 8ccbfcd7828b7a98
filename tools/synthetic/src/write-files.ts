import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { defaultMembers, generate, type GenerateOptions } from './generate.js';
import { signInsOf } from './sign-ins.js';

export interface WrittenFiles {
  /** NDJSON of the resources. */
  file: string;
  /** NDJSON of the people who can sign in, a `SignIn` of `sign-ins.ts` per line. */
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
  const stream = createWriteStream(file);
  let count = 0;
  let chunk = '';
  for (const resource of generate(options)) {
    chunk += `${JSON.stringify(resource)}\n`;
    count += 1;
    if (chunk.length > 1_000_000) {
      if (!stream.write(chunk)) await once(stream, 'drain');
      chunk = '';
    }
  }
  stream.end(chunk);
  await once(stream, 'finish');
  const signIns = signInsOf(environment, options.members ?? defaultMembers[environment], options.seed);
  // The domain is reserved (RFC 2606 §3), so no mail reaches a person.
  const members = signIns.map((signIn) => ({ ...signIn, email: `${signIn.username}@example.org` }));
  writeFileSync(membersFile, members.map((member) => `${JSON.stringify(member)}\n`).join(''));
  return { file, membersFile, count };
}
