import { documentedErrors, type ErrorSource, type RequestKind } from '@payer/smart';

const sourceOf: Record<RequestKind, ErrorSource> = {
  authorization: 'authorization',
  token: 'token',
  fhir: 'fhir',
};

/** The words of a text that distinguish one cause from another. */
const wordsOf = (text: string) => new Set(text.toLowerCase().match(/[a-z_]{4,}/g) ?? []);

/**
 * Explains a failed request: cause and remedy, from the documentation of its error. Among several causes the
 * one that shares most words with the answer is chosen.
 *
 * @param detail text of the answer, if it may be shown
 */
export function explain(
  kind: RequestKind,
  error: string | null,
  status: number,
  detail: string | null,
): { cause: string | null; fix: string | null } {
  if (error === null && status < 400) return { cause: null, fix: null };
  const documented = documentedErrors.find((one) => one.code === error && one.source === sourceOf[kind]);
  const causes = documented?.causes ?? [];
  const said = wordsOf(detail ?? '');
  const shared = ({ cause, fix }: { cause: string; fix: string }) =>
    [...wordsOf(`${cause} ${fix}`)].filter((word) => said.has(word)).length;
  const [best] = [...causes].sort((one, other) => shared(other) - shared(one));
  return {
    cause: detail ?? best?.cause ?? `The server answered ${status}.`,
    fix: best?.fix ?? 'Ask for help with the request id.',
  };
}
