import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { Pool } from 'pg';

/** What the floor serves: each path runs one named statement and sends the texts it gives. */
export interface FloorRoute {
  path: string;
  text: string;
  values: unknown[];
  /** Whether the rows are put into a Bundle-like array, or the one row is sent as it is. */
  many: boolean;
}

/**
 * The floor that the FHIR API is measured against: a bare Fastify handler that fetches the same stored texts from the same
 * tables, by primary key, with a prepared statement. No authentication, no search, no Bundle but the commas.
 */
const [, , databaseUrl = '', routesFile = ''] = process.argv;
const routes = JSON.parse(readFileSync(routesFile, 'utf8')) as FloorRoute[];
const pool = new Pool({ connectionString: databaseUrl, max: 10, idleTimeoutMillis: 0 });
const fastify = Fastify();
routes.forEach(({ path, text, values, many }, i) =>
  fastify.get(path, async (_request, reply) => {
    const { rows } = await pool.query<{ body: string }>({ name: `floor-${i}`, text, values });
    void reply.type('application/fhir+json');
    return many ? `{"entry":[${rows.map((row) => row.body).join(',')}]}` : rows[0]?.body;
  }),
);
await fastify.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: (fastify.server.address() as { port: number }).port });
process.on('disconnect', () => process.exit(0));
