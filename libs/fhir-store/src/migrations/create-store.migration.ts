import type { MigrationInterface, QueryRunner } from 'typeorm';

const columns = `
  type text NOT NULL,
  id text NOT NULL,
  version integer NOT NULL,
  last_updated timestamptz NOT NULL,
  body text NOT NULL,
  body_sha256 text NOT NULL,
  tokens text[] NOT NULL,
  string_param smallint[] NOT NULL,
  string_value text[] NOT NULL,
  string_folded text[] NOT NULL,
  date_param smallint[] NOT NULL,
  date_low bigint[] NOT NULL,
  date_high bigint[] NOT NULL,
  number_param smallint[] NOT NULL,
  number_low float8[] NOT NULL,
  number_high float8[] NOT NULL,
  number_unit text[] NOT NULL,
  refs text[] NOT NULL,
  latitude float8,
  longitude float8`;

const partitions = 8;

/**
 * The resources of members, keyed and partitioned by patient, and the resources that all members share (the
 * directory, medications). Each row holds its index values. A search in a member's rows of one type needs no
 * index over them; the shared resources have one over their tokens.
 */
export class CreateStore1764000000100 implements MigrationInterface {
  name = 'CreateStore1764000000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE member_resource (patient text NOT NULL, ${columns}, PRIMARY KEY (patient, type, id)) PARTITION BY HASH (patient)`,
    );
    for (let n = 0; n < partitions; n++)
      await runner.query(
        `CREATE TABLE member_resource_${n} PARTITION OF member_resource FOR VALUES WITH (MODULUS ${partitions}, REMAINDER ${n})`,
      );
    await runner.query('CREATE INDEX member_resource_owner ON member_resource (type, id)');
    await runner.query(`CREATE TABLE shared_resource (${columns}, PRIMARY KEY (type, id))`);
    await runner.query('CREATE INDEX shared_resource_tokens ON shared_resource USING gin (tokens)');
    await runner.query(
      'CREATE INDEX shared_resource_position ON shared_resource (latitude, longitude) WHERE latitude IS NOT NULL',
    );
    await runner.query('CREATE INDEX shared_resource_updated ON shared_resource (type, last_updated)');
    // A search reads the keys of many rows. Decompressing them each time would cost more than the space.
    for (const table of [
      'shared_resource',
      ...Array.from({ length: partitions }, (_, n) => `member_resource_${n}`),
    ])
      await runner.query(
        `ALTER TABLE ${table} SET (toast_tuple_target = 8160), ALTER COLUMN tokens SET STORAGE EXTERNAL`,
      );
    await runner.query(`
      CREATE TABLE member_reference (
        patient text NOT NULL,
        target text NOT NULL,
        PRIMARY KEY (patient, target)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['member_reference', 'shared_resource', 'member_resource'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
