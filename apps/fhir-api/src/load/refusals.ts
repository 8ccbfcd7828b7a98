import { closeSync, openSync, writeSync } from 'node:fs';
import {
  refusalKinds,
  type CheckReport,
  type RefusalKind,
  type RefusedEntry,
  type StructureFinding,
} from '@payer/fhir-store/load';

/** Shows refused entries, and writes them to a quarantine file. */
export class Refusals {
  private readonly descriptor: number | undefined;

  /**
   * @param quarantine a file to write; undefined writes none
   * @throws Error when it cannot be written
   */
  constructor(quarantine: string | undefined) {
    this.descriptor = quarantine === undefined ? undefined : openSync(quarantine, 'w', 0o600);
  }

  readonly add = (place: string, reason: string, { line }: RefusedEntry): void => {
    console.error(`rejected ${place}: ${reason}`);
    if (line !== undefined && this.descriptor !== undefined) writeSync(this.descriptor, `${line}\n`);
  };

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
  }
}

/** Problems in the structure that a summary names; the report has all. */
const shownFindings = 20;

/** Shows refusals by kind, and problems by profile and element. */
export function showRefusals({
  rejectedByKind,
  structure,
}: Pick<CheckReport, 'rejectedByKind' | 'structure'>) {
  const kinds = Object.entries(rejectedByKind) as [RefusalKind, number][];
  if (kinds.length > 0) console.log('Refused, by kind:');
  for (const [kind, count] of kinds.sort(([, a], [, b]) => b - a))
    console.log(`  ${kind.padEnd(26)} ${count}  ${refusalKinds[kind]}`);
  if (structure.length > 0) console.log('Problems of structure, by profile and element:');
  for (const finding of structure.slice(0, shownFindings)) console.log(`  ${textOf(finding)}`);
  if (structure.length > shownFindings)
    console.log(`  and ${structure.length - shownFindings} more; --report FILE has all`);
}

const textOf = ({ profile, element, problem, count, example }: StructureFinding) =>
  `${count} × ${element} ${problem} (${profile}; first ${example})`;
