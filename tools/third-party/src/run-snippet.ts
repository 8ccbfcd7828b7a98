import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { agree, type Browser, type Member } from '@payer/journey';

const clients = join(import.meta.dirname, '../clients');

/** A program as a page of the portal prints it. */
export interface PrintedSnippet {
  /** Flow and library: `member-curl`. */
  id: string;
  fileName: string;
  program: string;
  /** The command that runs it. */
  command: string;
}

const printed =
  /data-snippet="([^"]+)" data-file="([^"]+)"><pre[^>]*><code>([^<]*)<\/code><\/pre><\/div><pre[^>]*><code>([^<]*)<\/code>/g;

/** The snippets of a page of the portal, as a reader copies them. */
export const snippetsIn = (html: string): PrintedSnippet[] =>
  [...html.matchAll(printed)].map(([, id = '', fileName = '', program = '', commands = '']) => ({
    id,
    fileName,
    program: decoded(program),
    command: decoded(commands).split('\n').at(-1) ?? '',
  }));

const decoded = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

/**
 * Saves a snippet under its name and runs its command, with the installed libraries in reach. Plays the
 * member's browser for a program that asks for one.
 * @param variables the environment variables that the page names
 * @returns the FHIR answer that it printed, or sent to the browser
 * @throws Error with all its output when it fails
 */
export async function runSnippet(
  snippet: PrintedSnippet,
  variables: Record<string, string>,
  browser: Browser,
  member: Member,
): Promise<unknown> {
  // Node.js finds the libraries from a folder below this project.
  const folder = mkdtempSync(join(clients, '.snippet-'));
  writeFileSync(join(folder, snippet.fileName), snippet.program);
  symlinkSync(join(clients, 'java/target/lib'), join(folder, 'lib'));
  const path = [join(clients, 'python/.venv/bin'), dirname(process.execPath), process.env.PATH];
  const child = spawn('bash', ['-c', `exec ${snippet.command}`], {
    cwd: folder,
    // Bash reads ~/.bashrc when its input is a socket, so the home is a folder without one.
    env: { ...variables, PATH: path.join(delimiter), HOME: folder },
  });
  try {
    const ended = new Promise<number | null>((resolve, reject) =>
      child.on('error', reject).on('close', resolve),
    );
    let output = '';
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const address = new Promise<string | undefined>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const [, found] = /say yes:\n(http\S+)\n/.exec(output) ?? [];
        if (found) resolve(found);
      });
      child.on('close', () => resolve(undefined));
    });
    const opened = await address;
    if (opened) {
      const redirect = await agree(browser, opened, member);
      if (new URL(opened).origin === redirect.origin) {
        // The program is the web server behind the redirect URI. It answers the browser, and runs on.
        return parsed(snippet, await (await fetch(redirect)).text());
      }
      child.stdin.end(`${redirect.href}\n`);
    }
    const code = await ended;
    if (code !== 0) throw new Error(`${snippet.id} ended with ${code}: ${errors}${output}`);
    return parsed(snippet, output.slice(Math.max(0, output.search(/^\{/m))));
  } finally {
    if (child.exitCode === null && child.kill()) await once(child, 'close');
    rmSync(folder, { recursive: true });
  }
}

function parsed({ id }: PrintedSnippet, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${id} printed no FHIR answer: ${text}`);
  }
}
