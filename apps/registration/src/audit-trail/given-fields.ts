/** The non-empty fields of a form that was sent by GET. Browsers send empty fields, too. */
export function givenFields(query: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query).filter(
      (field): field is [string, string] => field[1] !== undefined && field[1] !== '',
    ),
  );
}
