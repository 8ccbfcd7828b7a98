import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './commands.js';
import type { Engine } from './engine.js';
import { brokerSettings, toProperties, type BrokerSecurity } from './settings.js';

const project = fileURLToPath(new URL('..', import.meta.url));
const libraries = join(project, '..', '..', '.data', 'kafka', 'lib');
const minimumJava = 17;

/**
 * Kafka's own Maven artifacts under Java, in KRaft mode; downloads them the first time.
 * @throws Error that says what to install, when Java or Maven is missing
 */
export async function javaEngine(log: (line: string) => void, security?: BrokerSecurity): Promise<Engine> {
  await checkJava();
  await provideLibraries(log);
  return {
    name: 'Java',
    async launch(place, output) {
      mkdirSync(place.logDirectory, { recursive: true });
      const settings = join(dirname(place.logDirectory), 'server.properties');
      writeFileSync(
        settings,
        toProperties(brokerSettings(place, { host: '127.0.0.1', advertised: '127.0.0.1' }, security)),
      );
      if (!existsSync(join(place.logDirectory, 'meta.properties'))) await format(settings, security);
      const child = spawn('java', [...javaArguments('-Xmx512m'), 'kafka.Kafka', settings], {
        // A separate session: Ctrl-C reaches the launcher, which stops the broker in order.
        detached: true,
        stdio: ['ignore', output, output],
      });
      return {
        process: child,
        killNow: () => void child.kill('SIGKILL'),
        async signal(signal) {
          child.kill(signal);
        },
      };
    },
  };
}

async function checkJava(): Promise<void> {
  const { code, output } = await run('java', ['-version']);
  const version = Number(/version "(\d+)/.exec(output)?.[1] ?? 0);
  if (code === 0 && version >= minimumJava) return;
  throw new Error(
    `${code === 0 ? `Java ${version || 'of an unknown version'} is too old` : 'There is no Java (command "java")'}: ` +
      `Kafka needs a reachable Docker engine, or Java ${minimumJava} or newer and Maven. ` +
      'Debian and Ubuntu: apt install openjdk-17-jre-headless maven. macOS: brew install openjdk@17 maven.',
  );
}

async function provideLibraries(log: (line: string) => void): Promise<void> {
  const pom = join(project, 'pom.xml');
  const stamp = createHash('sha256').update(readFileSync(pom)).digest('hex');
  const stampFile = join(libraries, 'pom.sha256');
  const isCurrent = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
  if (isCurrent()) return;
  log('Fetching Apache Kafka with Maven (about 45 MB, once) …');
  // Copies into a temporary directory and renames it, so that two starts at once never see a part of it.
  const partial = `${libraries}.${randomBytes(6).toString('hex')}`;
  const { code, output } = await run('mvn', [
    '--quiet',
    '--batch-mode',
    '--file',
    pom,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${partial}`,
  ]);
  try {
    if (code === undefined)
      throw new Error(
        'There is no Maven (command "mvn"), which fetches Kafka where there is no Docker engine. ' +
          'Debian and Ubuntu: apt install maven. macOS: brew install maven.',
      );
    if (code !== 0)
      throw new Error(`Maven could not fetch Apache Kafka:\n${output.split('\n').slice(-8).join('\n')}`);
    writeFileSync(join(partial, 'pom.sha256'), stamp);
    if (isCurrent()) return;
    rmSync(libraries, { recursive: true, force: true });
    renameSync(partial, libraries);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** 16 random bytes as base64url. The first character is no hyphen, which would begin an option. */
export function randomClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0]! &= 0x7f;
  return bytes.toString('base64url');
}

/** Writes the identity of a new, empty cluster into the log directory. */
async function format(settings: string, security?: BrokerSecurity): Promise<void> {
  const cluster = randomClusterId();
  const { code, output } = await run('java', [
    ...javaArguments('-Xmx256m'),
    'kafka.tools.StorageTool',
    'format',
    '--cluster-id',
    cluster,
    '--config',
    settings,
    ...Object.entries(security?.users ?? {}).flatMap(([name, password]) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${name},password=${password}]`,
    ]),
  ]);
  if (code !== 0)
    throw new Error(`Kafka's storage could not be formatted:\n${output.split('\n').slice(-8).join('\n')}`);
}

function javaArguments(heap: string): string[] {
  return [
    heap,
    '-Xms128m',
    '-XX:+UseG1GC',
    '-XX:MaxGCPauseMillis=20',
    '-Djava.awt.headless=true',
    `-Dlog4j2.configurationFile=${join(project, 'log4j2.properties')}`,
    '-cp',
    join(libraries, '*'),
  ];
}
