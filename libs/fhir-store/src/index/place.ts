/**
 * A row's place on the sphere of radius 1, as a point in space: without a date line and without poles. The
 * index of the migration `IndexPlaces` is on this very text.
 */
export const pointOnSphere = (row: string): string =>
  `cube(ARRAY[cosd(${row}.latitude) * cosd(${row}.longitude), cosd(${row}.latitude) * sind(${row}.longitude), sind(${row}.latitude)])`;
