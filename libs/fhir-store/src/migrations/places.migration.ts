import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A row's place on the sphere of radius 1, as a point in space: no date line and no poles. The index is on this very text. */
export const pointOnSphere = (row: string) =>
  `cube(ARRAY[cosd(${row}.latitude) * cosd(${row}.longitude), cosd(${row}.latitude) * sind(${row}.longitude), sind(${row}.latitude)])`;

/** Finds the nearest places first, so that a page of them costs the same in a town of three and in a city of three thousand. */
export class IndexPlaces1764000000103 implements MigrationInterface {
  name = 'IndexPlaces1764000000103';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE EXTENSION IF NOT EXISTS cube');
    await runner.query(
      `CREATE INDEX shared_resource_place ON shared_resource USING gist ((${pointOnSphere('shared_resource')})) WHERE latitude IS NOT NULL`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX shared_resource_place');
  }
}
