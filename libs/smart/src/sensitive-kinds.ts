/**
 * Sensitive kinds of data, which a member opens to an app one by one; the default is none. The labels are
 * codes of HL7's ActInformationSensitivityPolicy and of the privacy laws (code system v3-ActCode), as a
 * resource carries them in `meta.security` (FHIR R4 §6.1.1). A code that covers several kinds is in each of
 * their rows: a resource is readable only when every kind with one of its labels is open.
 *
 * The keys travel in `sensitive` of the consent decision and of the access token. The words for members are
 * in libs/ui.
 */
export const sensitiveKindTable = {
  substanceUse: {
    codes: ['SUD', 'ETH', 'ETHUD', 'OPIOIDUD', '42CFRPart2', 'Title38Section7332', 'BH', 'SPI'],
  },
  mentalHealth: {
    codes: ['MH', 'PSY', 'PSYTHPN', 'HIPAAPsyNotes', 'EMOTDIS', 'BH', 'SPI'],
  },
  hiv: {
    codes: ['HIV', 'Title38Section7332', 'SPI'],
  },
  reproductiveHealth: {
    codes: ['SEX', 'PREGNANT', 'STD', 'SDV', 'MST', 'SPI'],
  },
} as const satisfies Record<string, { codes: readonly string[] }>;

export type SensitiveKind = keyof typeof sensitiveKindTable;

/** All sensitive kinds, in the order in which pages show them. */
export const sensitiveKinds = Object.keys(sensitiveKindTable) as SensitiveKind[];

export const isSensitiveKind = (key: string): key is SensitiveKind => Object.hasOwn(sensitiveKindTable, key);

/**
 * The names of the code system: today's, the one of FHIR STU3, and its OID. A label without a system counts,
 * too, because a source that omits it means no other system.
 */
const labelSystems = [
  'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  'http://hl7.org/fhir/v3/ActCode',
  'urn:oid:2.16.840.1.113883.5.4',
  '',
];

const withheldByChoice = new Map<string, readonly string[]>();

/**
 * The labels, as `system|code`, that hide a resource from an app for which these kinds are open. The same
 * choice gives the same array.
 * @param open keys of the table; an unknown key opens nothing
 */
export function withheldLabels(open: readonly string[]): readonly string[] {
  const closed = sensitiveKinds.filter((kind) => !open.includes(kind));
  const choice = closed.join();
  const known = withheldByChoice.get(choice);
  if (known) return known;
  const codes = new Set<string>(closed.flatMap((kind) => sensitiveKindTable[kind].codes));
  const labels = [...codes].flatMap((code) => labelSystems.map((system) => `${system}|${code}`));
  withheldByChoice.set(choice, labels);
  return labels;
}
