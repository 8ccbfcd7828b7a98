/**
 * Formats a line of a process for a person. Services write JSON; a person needs only the message and the
 * reasons. Other lines stay unchanged.
 */
export function readable(line: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof parsed !== 'object' || parsed === null) return line;
  const { msg, problems, err } = parsed as {
    msg?: unknown;
    problems?: unknown;
    err?: { stack?: unknown };
  };
  if (typeof msg !== 'string') return line;
  const reasons = Array.isArray(problems) ? problems.map((problem) => `\n  ${String(problem)}`).join('') : '';
  const stack = typeof err?.stack === 'string' ? `\n${err.stack}` : '';
  return `${msg}${reasons ? `:${reasons}` : ''}${stack}`;
}
