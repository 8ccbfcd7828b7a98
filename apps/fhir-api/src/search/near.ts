import { badParameter } from '../fhir-error.js';
import { splitUnescaped, unescape } from './parse.js';
import type { Statement } from './sql.js';

const kilometres: Record<string, number> = {
  km: 1,
  m: 0.001,
  mi: 1.609344,
  '[mi_us]': 1.609347,
  '[mi_i]': 1.609344,
};
const defaultDistance = 40;
const earthRadius = 6371.0088;
const decimal = /^-?\d+(\.\d+)?$/;

function asked(name: string, value: string): { latitude: number; longitude: number; distance: number } {
  const [lat = '', lon = '', far = '', unit = '', ...rest] = splitUnescaped(value, '|').map(unescape);
  const [latitude, longitude] = [Number(lat), Number(lon)];
  const isPlace =
    decimal.test(lat) && decimal.test(lon) && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  if (!isPlace || rest.length > 0)
    throw badParameter(name, 'must be written latitude|longitude|distance|units, e.g. 44.98|-93.27|10|km');
  const scale = Object.hasOwn(kilometres, unit || 'km') ? kilometres[unit || 'km'] : undefined;
  if (scale === undefined)
    throw badParameter(name, `"${unit}" is not a unit; allowed are ${Object.keys(kilometres).join(', ')}`);
  if (far !== '' && !/^\d+(\.\d+)?$/.test(far)) throw badParameter(name, `"${far}" is not a distance`);
  return { latitude, longitude, distance: far === '' ? defaultDistance : Number(far) * scale };
}

/**
 * `latitude|longitude|distance|units` (Location `near`, FHIR R4 §8.7.5.1); kilometres without units, 40 of them without a distance. First a box, which
 * an index finds, then the great circle.
 */
export function near(statement: Statement, alias: string, name: string, value: string): string {
  const { latitude, longitude, distance } = asked(name, value);
  const angle = distance / earthRadius;
  const [la, lo] = [statement.bind(latitude, '::float8'), statement.bind(longitude, '::float8')];
  const latitudes = between(statement, `${alias}.latitude`, latitude, degrees(angle));
  const haversine = `2 * ${earthRadius} * asin(least(1, sqrt(power(sind((${alias}.latitude - ${la}) / 2), 2)
    + cosd(${la}) * cosd(${alias}.latitude) * power(sind((${alias}.longitude - ${lo}) / 2), 2))))`;
  const within = `${haversine} <= ${statement.bind(distance, '::float8')}`;
  const longitudes = longitudesWithin(statement, `${alias}.longitude`, latitude, longitude, angle);
  return `(${[latitudes, ...longitudes, within].join(' AND ')})`;
}

/** The meridians that a circle touches: all when it holds a pole, two stretches when it crosses the date line. */
function longitudesWithin(
  statement: Statement,
  column: string,
  latitude: number,
  longitude: number,
  angle: number,
): string[] {
  if (Math.abs(latitude) + degrees(angle) >= 90) return [];
  const span = degrees(Math.asin(Math.min(1, Math.sin(angle) / Math.cos((latitude * Math.PI) / 180)))) + 1e-9;
  const around = [longitude, longitude - 360, longitude + 360].filter(
    (centre) => Math.abs(centre) <= 180 + span,
  );
  return [`(${around.map((centre) => between(statement, column, centre, span)).join(' OR ')})`];
}

const degrees = (radians: number) => (radians * 180) / Math.PI;

const between = (statement: Statement, column: string, centre: number, span: number) =>
  `${column} BETWEEN ${statement.bind(centre - span, '::float8')} AND ${statement.bind(centre + span, '::float8')}`;
