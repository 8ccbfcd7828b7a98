import { badParameter } from '../fhir-error.js';
import { pointOnSphere } from '../index/place.js';
import type { Statement } from '../postgres/statement.js';
import { missing } from './missing.js';
import { comparison, type ParameterType } from './parameter-type.js';
import { isObject, splitUnescaped, unescape } from './values.js';

/* The parameter `near` of a Location (FHIR R4 §8.7.5.1). */

const kilometres: Record<string, number> = {
  km: 1,
  m: 0.001,
  mi: 1.609344,
  '[mi_us]': 1.609347,
  '[mi_i]': 1.609344,
};
const defaultDistance = 40;
/** A search scans the index once for each place. */
const maxPlaces = 100;
const earthRadius = 6371.0088;
/**
 * The largest difference between a place computed here and the same place computed by PostgreSQL, on the
 * sphere of radius 1: 6 µm on earth.
 */
const rounding = 1e-12;
const decimal = /^-?\d+(\.\d+)?$/;

interface Circle {
  /** A point on the sphere of radius 1, from the centre of the sphere. */
  centre: [number, number, number];
  /**
   * The straight line from the centre to the edge. It grows with the distance on the sphere, so comparing
   * lines compares distances.
   */
  chord: number;
}

function circle(name: string, value: string): Circle {
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
  const distance = far === '' ? defaultDistance : Number(far) * scale;
  const [phi, lambda] = [radians(latitude), radians(longitude)];
  return {
    centre: [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)],
    // No distance exceeds half the circumference of the earth.
    chord: 2 * Math.sin(Math.min(Math.PI, distance / earthRadius) / 2) + rounding,
  };
}

const radians = (degrees: number) => (degrees * Math.PI) / 180;

const cubeOf = (statement: Statement, centre: number[]) => `cube(${statement.bind(centre, '::float8[]')})`;

/**
 * Rows within the circle of `latitude|longitude|distance|units`; kilometres without units, 40 of them without
 * a distance. An index finds the rows of a cube around the circle; of these, the distance on the sphere
 * decides.
 */
function isWithin(statement: Statement, alias: string, name: string, value: string): string {
  const { centre, chord } = circle(name, value);
  const [place, asked] = [pointOnSphere(alias), cubeOf(statement, centre)];
  const length = statement.bind(chord, '::float8');
  return `(${alias}.latitude IS NOT NULL AND ${place} <@ cube_enlarge(${asked}, ${length}, 3) AND ${place} <-> ${asked} <= ${length})`;
}

/** The distance of a row from a place, in an arbitrary unit. An index returns rows in this order. */
export function nearness(statement: Statement, alias: string, value: string): string {
  return `${pointOnSphere(alias)} <-> ${cubeOf(statement, circle('near', value).centre)}`;
}

export const near: ParameterType = {
  index(entries, _parameter, [position]) {
    if (!isObject(position)) return;
    const { latitude, longitude } = position;
    if (Number.isFinite(latitude) && Number.isFinite(longitude))
      entries.setPosition(latitude as number, longitude as number);
  },
  plain: comparison(20, ({ statement }, { alias }, { name, values }) => {
    if (values.length > maxPlaces) throw badParameter(name, `may have at most ${maxPlaces} places`);
    return `(${values.map((value) => isWithin(statement, alias, name, value)).join(' OR ')})`;
  }),
  modifiers: { missing },
};
