import type { MigrationInterface, QueryRunner } from 'typeorm';
import { longestString, stringsToFind } from './shared-strings.migration.js';

/**
 * Finding the words of a text takes the square of its length: 60,000 characters in place of a name held up a load, and all others, for 40
 * seconds. No name is so long that a word behind its beginning is looked for.
 */
export class LimitNameWords1764000000202 implements MigrationInterface {
  name = 'LimitNameWords1764000000202';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(stringsToFind(`least(length(s.value), ${longestString})`));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(stringsToFind('length(s.value)'));
  }
}
