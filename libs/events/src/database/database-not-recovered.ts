/**
 * A connection to a database that was restored, promoted or copied, and has not recovered yet. It serves
 * nothing, so a request that needs it is answered as while the database is unavailable: 503.
 */
export class DatabaseNotRecovered extends Error {
  /** `cannot_connect_now` of PostgreSQL (Appendix A, class 57). */
  readonly code = '57P03';
}
