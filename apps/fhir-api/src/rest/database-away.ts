/** Node's codes of a connection that failed, and PostgreSQL's of one that ended or was refused (class 08, 53 and 57). */
const codes =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|08...|53...|57P0[1-3])$/;
const messages =
  /Connection terminated|timeout exceeded when trying to connect|connection timeout|not queryable|Query read timeout/i;

/** Whether PostgreSQL ended a statement because it took too long. */
export const tookTooLong = (error: unknown): boolean => (error as { code?: unknown }).code === '57014';

/** Whether an error says that the database is away for now, rather than that a query is wrong. */
export function databaseIsAway(error: unknown): boolean {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  return (typeof code === 'string' && codes.test(code)) || messages.test(message);
}
