/** A kind of statement that may break the previous version, and the reason. */
const breaking: readonly { pattern: RegExp; why: string }[] = [
  { pattern: /\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?<table>[\w".]+)/gi, why: 'drops a table' },
  {
    pattern: /\bALTER\s+TABLE\s+(?:ONLY\s+)?(?<table>[\w".]+)[^;]*\bDROP\s+COLUMN\b/gi,
    why: 'drops a column',
  },
  { pattern: /\bALTER\s+TABLE\s+(?:ONLY\s+)?(?<table>[\w".]+)[^;]*\bRENAME\b/gi, why: 'renames' },
  {
    pattern:
      /\bALTER\s+TABLE\s+(?:ONLY\s+)?(?<table>[\w".]+)[^;]*\bALTER\s+(?:COLUMN\s+)?[\w"]+\s+(?:SET\s+DATA\s+)?TYPE\b/gi,
    why: 'changes the type of a column',
  },
  {
    pattern: /\bALTER\s+TABLE\s+(?:ONLY\s+)?(?<table>[\w".]+)[^;]*\bSET\s+NOT\s+NULL\b/gi,
    why: 'refuses rows that the version before writes',
  },
  {
    pattern:
      /\bALTER\s+TABLE\s+(?:ONLY\s+)?(?<table>[\w".]+)[^;]*\bADD\s+COLUMN\s+(?:IF\s+NOT\s+EXISTS\s+)?(?![^,;]*\b(?:DEFAULT|GENERATED)\b)[^,;]*\bNOT\s+NULL\b/gi,
    why: 'adds a column that the version before does not fill',
  },
  {
    pattern:
      /\bALTER\s+TABLE\s+(?:ONLY\s+)?(?<table>[\w".]+)[^;]*\bADD\s+(?:CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY)\b/gi,
    why: 'adds a constraint that the version before does not know',
  },
  {
    pattern: /\bCREATE\s+UNIQUE\s+INDEX\s+[^;]*?\bON\s+(?<table>[\w".]+)/gi,
    why: 'adds a constraint that the version before does not know',
  },
  { pattern: /(?:^|;\s*)TRUNCATE\s+(?:TABLE\s+)?(?<table>[\w".]+)/gi, why: 'empties a table' },
];

/**
 * The statements of a migration that would break the previous version while it still serves. Changes to
 * tables that the migration itself creates are harmless. Dropping an index only slows the previous version
 * down.
 *
 * @param statements in the order of their execution
 * @returns each as "why: statement"
 */
export function notAdditive(statements: readonly string[]): string[] {
  const text = statements.map((statement) =>
    statement
      .replace(/--[^\n]*/g, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
  const own = new Set(
    text.flatMap((statement) =>
      [...statement.matchAll(/\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w".]+)/gi)].map(
        (match) => match[1],
      ),
    ),
  );
  return text.flatMap((statement) =>
    breaking.flatMap(({ pattern, why }) =>
      [...statement.matchAll(pattern)]
        .filter((match) => !own.has(match.groups?.table))
        .map((match) => `${why}: ${match[0]}`),
    ),
  );
}
