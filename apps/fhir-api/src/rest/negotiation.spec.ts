import { describe, expect, it } from 'vitest';
import { acceptedEncoding, acceptsGzip } from './accept-encoding.js';
import { isUnchanged } from './conditional-request.js';
import { interactionOf } from './interaction.js';
import { contentTypeFor } from './content-negotiation.js';
import { handlingOf } from './prefer.js';

describe('what a request asks for', () => {
  it.each([
    ['GET', '/Patient/p1', { kind: 'read', type: 'Patient', id: 'p1' }],
    ['HEAD', '/Patient/p1', { kind: 'read', type: 'Patient', id: 'p1' }],
    ['GET', '/Patient/p1/_history/2', { kind: 'read', type: 'Patient', id: 'p1', version: '2' }],
    ['GET', '/Patient', { kind: 'search', type: 'Patient', parametersIn: 'query' }],
    ['GET', '/Patient/', { kind: 'search', type: 'Patient', parametersIn: 'query' }],
    ['POST', '/Patient/_search', { kind: 'search', type: 'Patient', parametersIn: 'form' }],
    [
      'GET',
      '/Patient/p1/Observation',
      { kind: 'search', type: 'Observation', parametersIn: 'query', compartment: 'p1' },
    ],
    [
      'POST',
      '/Patient/p1/Observation/_search',
      { kind: 'search', type: 'Observation', parametersIn: 'form', compartment: 'p1' },
    ],
    ...(['query', 'body'] as const).map((parametersIn): [string, string, object] => [
      parametersIn === 'query' ? 'GET' : 'POST',
      '/Patient/p1/$everything',
      { kind: 'search', type: 'Patient', parametersIn, operation: '$everything', compartment: 'p1' },
    ]),
    ['GET', '/metadata', { kind: 'capabilities' }],
    ['GET', '/.well-known/smart-configuration', { kind: 'smart-configuration' }],
    ['OPTIONS', '/Patient/_search', { kind: 'options', allow: 'POST, OPTIONS' }],
    ['OPTIONS', '', { kind: 'options', allow: 'OPTIONS' }],
  ])('%s %s', (method, path, interaction) => {
    expect(interactionOf(method, path)).toEqual(interaction);
  });

  it.each([
    ['GET', '/Account/1', 404, /no such resource type/],
    ['GET', '/patient/1', 404, /use Patient/],
    ['GET', '/Patient/p1/_history', 404, /not supported/],
    ['GET', '/Patient/p1/_history/1/x', 404, /not supported/],
    ['PUT', '/Patient/p1/_history/1', 405, /read-only/],
    ['GET', '/Patient/p1/$everything/x', 404, /not supported/],
    ['PUT', '/Patient/p1/$everything', 405, /read-only/],
    ['GET', '/Coverage/c1/$everything', 404, /not supported/],
    ['GET', '/Patient/p1/Practitioner', 404, /not in the compartment/],
    ['GET', '/Patient/p1/Patient', 404, /not in the compartment/],
    ['GET', '/Patient/p1/Binary', 404, /not in the compartment/],
    ['GET', '/Patient/p1/Observation/o1', 404, /not supported|not in/],
    ['GET', '/Patient/p1/Observation/_search', 405, /POST/],
    ['GET', '/Encounter/e1/Observation', 404, /not supported/],
    ['GET', '/Patient/a_b', 404, /letters, digits/],
    ['GET', '', 404, /metadata/],
    ['GET', '/_search', 404, /whole system/],
    ['GET', '/_history', 404, /whole system/],
    ['POST', '/$export', 404, /whole system/],
    ['POST', '/Patient', 405, /Patient\/_search/],
    ['PUT', '/Patient/p1', 405, /read-only/],
    ['GET', '/Patient/_search', 405, /POST/],
    ['DELETE', '/metadata', 405, /read-only/],
  ])('%s %s is refused with what there is', (method, path, status, text) => {
    expect(() => interactionOf(method, path)).toThrow(
      expect.objectContaining({ status, message: expect.stringMatching(text) }) as unknown as Error,
    );
  });
});

describe('media types', () => {
  it.each([
    [undefined, 'application/fhir+json'],
    ['*/*', 'application/fhir+json'],
    ['application/fhir+json', 'application/fhir+json'],
    ['application/*', 'application/fhir+json'],
    ['application/fhir+json; fhirVersion=3.0, */*;q=0.1', 'application/fhir+json'],
    ['application/json', 'application/json'],
    ['text/json', 'text/json'],
    ['text/html, application/json;q=0.5', 'application/json'],
    ['application/json, */*;q=0.8', 'application/json'],
    ['application/json;q=0.5, text/json', 'text/json'],
    ['application/fhir+json;q=0, application/json', 'application/json'],
    ['application/json, application/fhir+json', 'application/fhir+json'],
    ['application/json, text/plain, */*', 'application/fhir+json'],
    ['application/json;q=0, application/fhir+json', 'application/fhir+json'],
    ['application/json;q=0, */*', 'application/fhir+json'],
  ])('Accept: %s is served as %s', (accept, type) =>
    expect(contentTypeFor(accept, null)).toBe(`${type}; charset=utf-8`),
  );

  it.each([
    'application/fhir+xml',
    'text/html',
    'application/json;q=0',
    'application/fhir+json;q=0, */*',
    'application/*;q=0, */*',
    'application/fhir+json; fhirVersion=5.0',
  ])('Accept: %s is refused', (accept) =>
    expect(() => contentTypeFor(accept, null)).toThrow(
      expect.objectContaining({ status: 406 }) as unknown as Error,
    ),
  );

  it('let _format override Accept, its plus arriving as a space', () => {
    for (const accept of ['application/fhir+xml', 'application/json'])
      expect(contentTypeFor(accept, 'application/fhir json')).toBe('application/fhir+json; charset=utf-8');
    expect(() => contentTypeFor('application/json', 'xml')).toThrow(/_format=xml/);
    expect(() => contentTypeFor('text/html', 'application/fhir json; fhirVersion=4.0')).not.toThrow();
    for (const format of ['json;fhirVersion=3.0', 'application/fhir+json; fhirVersion=5.0'])
      expect(() => contentTypeFor('*/*', format)).toThrow(/FHIR version 4.0/);
  });
});

describe('headers', () => {
  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['br;q=0, *', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP;Q=0.5', 'gzip'],
    ['*', 'br'],
    ['*;q=0, gzip;q=0.1', 'gzip'],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity, gzip;q=0.5', undefined],
    ['gzip;q=0', undefined],
    ['gzip;q=nonsense', undefined],
    ['br;q=0, gzip;q=0, *', undefined],
    ['identity', undefined],
    ['deflate, zstd', undefined],
    ['', undefined],
  ])('Accept-Encoding: %s is answered in %s', (accepted, coding) => {
    expect(acceptedEncoding(accepted).coding).toBe(coding);
  });

  it.each([
    ['identity;q=0, gzip', true],
    ['*;q=0, gzip', true],
    ['*;q=0, identity', false],
    ['gzip;q=1, *;q=0.1', false],
    ['gzip', false],
  ])('Accept-Encoding: %s refuses a plain body: %s', (accepted, refuses) => {
    expect(acceptedEncoding(accepted).refusesPlain).toBe(refuses);
  });

  it('say whether gzip is taken at all, preferred or not', () => {
    for (const accepted of ['gzip', 'br, gzip;q=0.1', '*', 'x-gzip'])
      expect(acceptsGzip(accepted)).toBe(true);
    for (const accepted of ['', 'br', 'gzip;q=0', '*;q=0', 'gzip;q=0, *'])
      expect(acceptsGzip(accepted)).toBe(false);
  });

  it('compare ETags weakly, and dates only when there is no ETag', () => {
    const modified = 'Mon, 23 Nov 2026 12:00:00 GMT';
    expect(isUnchanged({ 'if-none-match': 'W/"1", "2"' }, 'W/"2"', modified)).toBe(true);
    expect(isUnchanged({ 'if-none-match': 'W/"1"', 'if-modified-since': modified }, 'W/"2"', modified)).toBe(
      false,
    );
    expect(isUnchanged({ 'if-modified-since': modified }, 'W/"2"', modified)).toBe(true);
    for (const since of [
      'Tuesday, 24-Nov-26 12:00:00 GMT',
      'Tue Nov 24 12:00:00 2026',
      'Wed, 25 Nov 2026 08:00:00 GMT',
    ])
      expect([since, isUnchanged({ 'if-modified-since': since }, 'W/"2"', modified)]).toEqual([since, true]);
    // A value that is no HTTP date is ignored (RFC 9110 §13.1.3), even if it could be parsed as a date.
    for (const since of ['nonsense', '2035-01-01', '2035-01-01T00:00:00Z', 'Mon, 01 Jan 2035 00:00:00', '1'])
      expect([since, isUnchanged({ 'if-modified-since': since }, 'W/"2"', modified)]).toEqual([since, false]);
  });

  it('ask for strict handling among other preferences', () => {
    expect(handlingOf('return=minimal, handling=strict')).toBe('strict');
    expect(handlingOf('handling=lenient')).toBe('lenient');
    expect(handlingOf('handling="Strict"')).toBe('strict');
    expect(handlingOf('handling=lenient, handling=strict')).toBe('lenient');
    expect(handlingOf('handling=strict, handling=lenient')).toBe('strict');
    expect(handlingOf('handling=strictly')).toBe('lenient');
    expect(handlingOf(undefined)).toBe('lenient');
  });
});
