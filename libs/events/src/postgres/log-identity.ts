/**
 * SQL for the identity of the log. It changes when the database was dropped, restored, copied or promoted,
 * and when a publisher has found that the log lost its end (check-log.ts). Positions of one log have no
 * meaning in another.
 */
export const logIdentity = `
  (SELECT event_log_identity.id FROM event_log_identity) || ' ' ||
  (SELECT system_identifier FROM pg_control_system()) || ' ' ||
  (SELECT oid FROM pg_database WHERE datname = current_database()) || ' ' ||
  CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END`;
