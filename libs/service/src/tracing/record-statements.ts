import { trace } from '@opentelemetry/api';
import { recorded } from './database-spans.js';
import { isTracing } from './open-telemetry.js';

interface Database<Statement> {
  query(statement: Statement): Promise<unknown>;
}

/**
 * Records each statement of a database whose statements leave together, when requests are traced. A query of
 * `pg` itself is recorded already.
 * @returns the database
 */
export function recordStatements<Statement, Recorded extends Database<Statement>>(
  database: Recorded & Database<Statement>,
): Recorded {
  if (!isTracing()) return database;
  const tracer = trace.getTracer('payer');
  const query = database.query.bind(database);
  database.query = ((statement) =>
    recorded(tracer, [statement], () => query(statement))) as Recorded['query'];
  return database;
}
