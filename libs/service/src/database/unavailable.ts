/**
 * Error codes of an unavailable database. Node.js: a failed connection. PostgreSQL: class 08 (connection), 53
 * (resources), 57P (shutdown, start), 58 (the system below it), 25006 (the server has become a standby),
 * 3D000 (the database is being restored).
 */
const codes =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08...|53...|57P0[1-5]|58...|25006|3D000)$/;
/** Node.js cannot connect to a Unix socket: its server has stopped, or many connections wait there. */
const socketCodes = /^(ENOENT|EAGAIN|EACCES)$/;
/** Errors of `pg` and `pg-pool` that have no code. */
const messages =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|connection timeout|establishing an SSL connection|not queryable|Query read timeout|pool after calling end/i;

/** Whether PostgreSQL cancelled a statement because of its timeout. */
export const tookTooLong = (error: unknown): boolean =>
  (error as { code?: unknown } | undefined)?.code === '57014';

/**
 * Whether PostgreSQL refused the values of a statement: class 21 (a row given twice), 22 (data), 23
 * (constraints), 54 (a limit, for example the size of an index row). The same statement may succeed with
 * other values.
 */
export const refusedValues = (error: unknown): boolean =>
  /^(21|22|23|54)...$/.test(String((error as { code?: unknown } | undefined)?.code));

/**
 * Work that was not begun, because the database was busy for too long. Answered like an unavailable database.
 */
export class DatabaseBusy extends Error {
  /** `insufficient_resources` of PostgreSQL (Appendix A, class 53). */
  readonly code = '53000';
}

/** Whether an error means that the database is unavailable, not that a statement is wrong. */
export function databaseIsUnavailable(error: unknown): boolean {
  const { code, syscall, message = '' } = (error ?? {}) as Record<'code' | 'syscall' | 'message', unknown>;
  if (syscall === 'connect' && typeof code === 'string' && socketCodes.test(code)) return true;
  return (typeof code === 'string' && codes.test(code)) || messages.test(String(message));
}
