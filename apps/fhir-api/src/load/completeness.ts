import { readFileSync } from 'node:fs';
import { dataAgeKinds, dataAgeTable, isDataAgeKind, type DataAgeKind } from '@payer/smart';
import type { LoadOptions } from '@payer/fhir-store/load';

type Completeness = NonNullable<LoadOptions['completeTo']>;

/** The clocks of two machines may differ by this many milliseconds. */
const skew = 5 * 60_000;

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

function timeOf(text: string, option: string): number {
  const time = instant.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time))
    throw new Error(
      `${option} "${text}": a time with its zone is expected, such as 2026-11-27T18:00:00-05:00`,
    );
  if (time > Date.now() + skew) throw new Error(`${option} "${text}" is in the future`);
  return time;
}

/**
 * The times to which the source declares its data complete.
 * @param asOf values of `--as-of`: a time, or `kind=time`
 * @param manifest a file with the manifest of a Bulk Data export: its `transactionTime` is the time of each
 * kind of which it lists a resource type
 * @throws Error that says what is expected
 */
export function completenessOf(
  asOf: readonly string[],
  manifest: string | undefined,
): Completeness | undefined {
  if (asOf.length === 0 && manifest === undefined) return undefined;
  const completeness: Completeness = { byKind: manifest === undefined ? {} : timesOfManifest(manifest) };
  for (const one of asOf) {
    const [, kind, time] = /^(?:([A-Za-z]+)=)?(.*)$/.exec(one) as unknown as [
      string,
      string | undefined,
      string,
    ];
    if (kind === undefined) completeness.undeclared = timeOf(time, '--as-of');
    else if (isDataAgeKind(kind)) completeness.byKind[kind] = timeOf(time, `--as-of ${kind}=`);
    else throw new Error(`--as-of "${one}": "${kind}" is none of ${dataAgeKinds.join(', ')}`);
  }
  return completeness;
}

function timesOfManifest(file: string): Record<string, number> {
  const wrong = (what: string) =>
    new Error(
      `--manifest ${file}: ${what}; the manifest of a Bulk Data export is expected (transactionTime, output)`,
    );
  let manifest: { transactionTime?: unknown; output?: unknown };
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8')) as typeof manifest;
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const { transactionTime, output } = manifest ?? {};
  if (typeof transactionTime !== 'string') throw wrong('it has no transactionTime');
  if (!Array.isArray(output)) throw wrong('it has no output');
  const types = new Set(output.map((one) => (one as { type?: unknown } | null)?.type));
  const time = timeOf(transactionTime, `--manifest ${file}, transactionTime`);
  const kinds = dataAgeKinds.filter((kind) => typesOf(kind).some((type) => types.has(type)));
  return Object.fromEntries(kinds.map((kind) => [kind, time]));
}

const typesOf = (kind: DataAgeKind): readonly string[] => dataAgeTable[kind].types;
