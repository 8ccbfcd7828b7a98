/** Text as string search compares it: without case, accents and surplus space (FHIR R4 §3.1.1.4.9). */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .trim();
}
