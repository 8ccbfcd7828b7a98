import { linesOf } from '../apps/app-fields.js';
import { questions, type AnswerName, type Answers } from '../request-record/questions.js';

/** The fields of the form, as typed. */
export type AnswerFields = Record<string, string | undefined>;

/** The fields as the body of the JSON API. An empty field takes its answer back. */
export function answersOfFields(fields: AnswerFields): Record<string, unknown> {
  const answers = questions.map(({ name, kind }) => {
    const typed = fields[name];
    return [name, kind === 'emails' ? linesOf(typed) : typed?.trim() || null] as const;
  });
  return {
    ...Object.fromEntries(answers),
    attestation: fields.attestation === 'true',
    attested_by: fields.attested_by?.trim() || null,
  };
}

/** The answers in the format of the form. */
export function fieldsOfAnswers(answers: Answers): AnswerFields {
  const fields = questions.map(({ name }) => {
    const value = answers[name as AnswerName];
    return [name, Array.isArray(value) ? value.join('\n') : String(value ?? '')] as const;
  });
  return {
    ...Object.fromEntries(fields),
    attestation: String(answers.attestation ?? false),
    attested_by: answers.attested_by ?? '',
  };
}

/** Labels of the fields, for the messages of a refused form. */
export const answerLabels: Record<string, string> = {
  ...Object.fromEntries(questions.map(({ name, label }) => [name, label])),
  attested_by: 'Name and position',
  text: 'Message',
};
