import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { Pool } from 'pg';

/** A route of the floor: it runs one named statement and sends the selected texts. */
export interface FloorRoute {
  /** The route is below it: `{path}/0` has the first of the values, and so on. */
  path: string;
  text: string;
  /** The statement's values, one list for each request that is compared. */
  values: unknown[][];
  /** Whether the rows become a Bundle-like array; otherwise the single row is sent unchanged. */
  many: boolean;
}

/**
 * The floor that the FHIR API is compared with: a bare Fastify handler that reads the same stored texts from
 * the same tables, by primary key, with a prepared statement. It has no authentication and no search, and its
 * only Bundle is an array of the texts.
 */
const [, , databaseUrl = '', routesFile = ''] = process.argv;
const routes = JSON.parse(readFileSync(routesFile, 'utf8')) as FloorRoute[];
const pool = new Pool({ connectionString: databaseUrl, max: 10, idleTimeoutMillis: 0 });
const fastify = Fastify();
routes.forEach(({ path, text, values, many }, i) =>
  fastify.get<{ Params: { place: string } }>(`${path}/:place`, async (request, reply) => {
    const { rows } = await pool.query<{ body: string }>({
      name: `floor-${i}`,
      text,
      values: values[Number(request.params.place)]!,
    });
    void reply.type('application/fhir+json');
    return many ? `{"entry":[${rows.map((row) => row.body).join(',')}]}` : rows[0]?.body;
  }),
);
await fastify.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: (fastify.server.address() as { port: number }).port });
process.on('disconnect', () => process.exit(0));
