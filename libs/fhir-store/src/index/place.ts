/**
 * A place as a point on the sphere of radius 1, which has no date line and no poles. The index of the
 * migration `IndexPlaces` has exactly this text.
 */
export const pointOnSphere = (row: string): string =>
  `cube(ARRAY[cosd(${row}.latitude) * cosd(${row}.longitude), cosd(${row}.latitude) * sind(${row}.longitude), sind(${row}.latitude)])`;
