import { describe, expect, it } from 'vitest';
import { readRestore } from './restore-arguments.js';

describe('npm run restore', () => {
  it.each([
    ['', '"" is none of the commands check, apply'],
    ['chek', '"chek" is none of the commands'],
    ['check now', '"check now" is none of the commands'],
    ['check --servcie consent', "Unknown option '--servcie'"],
    ['check --service grants', '--service "grants" is none of auth-server'],
    ['log --service consent', 'leave --service out'],
    ['republish --service fhir-api', 'republish has nothing to do there'],
    ['check --new-journal', 'are options of apply, not of check'],
    ['apply --confirmed ids.txt', '--confirmed belongs to --without-journal'],
    ['apply --without-journal --new-journal', 'choose one'],
    // A shell makes it of an empty variable. Everything would end.
    ['apply --without-journal --confirmed=', '--confirmed names no file'],
  ])('refuses "%s" before it starts anything', (line, problem) => {
    expect(() => readRestore(line.split(' ').filter(Boolean))).toThrow(problem);
  });

  it('chooses all services, but not fhir-api where it owns nothing', () => {
    expect(readRestore(['check']).chosen).toContain('fhir-api');
    expect(readRestore(['republish']).chosen).toEqual(['auth-server', 'registration', 'consent']);
    expect(
      readRestore(['apply', '--service', 'consent', '--without-journal', '--confirmed', 'ids.txt']),
    ).toEqual({
      command: 'apply',
      chosen: ['consent'],
      flags: ['--without-journal', '--confirmed', 'ids.txt'],
    });
  });
});
