import { z } from 'zod';
import { webPage } from '../client-metadata/app-metadata.js';
import { emailAddress, plainLine, plainText } from '../developers/account-fields.js';

/** A question of the production request. */
export interface Question {
  /** Name of the member in the JSON API and of the field on the page. */
  name: string;
  label: string;
  hint: string;
  kind: 'line' | 'text' | 'url' | 'email' | 'emails' | 'choice';
  /** Whether the checklist names the question until it is answered. */
  isNeeded: boolean;
  options?: readonly { value: string; label: string }[];
}

/** Questions of one subject. */
export interface QuestionGroup {
  title: string;
  questions: readonly Question[];
}

const saleAnswers = {
  never: 'Never',
  'with-consent': 'Only when the member has agreed to it',
  yes: 'Yes',
} as const;

/**
 * The form, in the order of the page. It asks for the facts of the CARIN Code of Conduct and of the
 * attestation that 85 FR 25510 (CMS-9115-F, section III.C) lets a payer request.
 */
export const questionGroups = [
  {
    title: 'The app',
    questions: [
      {
        name: 'description',
        label: 'What the app does',
        hint: 'For whom, and with which records.',
        kind: 'text',
        isNeeded: true,
      },
    ],
  },
  {
    title: 'Organization and contacts',
    questions: [
      {
        name: 'organization_name',
        label: 'Legal name of the organization',
        hint: 'The registered name. Members see the name that your organization has in this portal.',
        kind: 'line',
        isNeeded: true,
      },
      {
        name: 'organization_uri',
        label: 'Website of the organization',
        hint: 'An https address.',
        kind: 'url',
        isNeeded: false,
      },
      {
        name: 'contacts',
        label: 'Contacts',
        hint: 'Email addresses that the platform team may write to, one per line.',
        kind: 'emails',
        isNeeded: true,
      },
      {
        name: 'security_contact',
        label: 'Security contact',
        hint: 'An email address that is read when there is an incident.',
        kind: 'email',
        isNeeded: true,
      },
    ],
  },
  {
    title: 'Privacy policy and terms',
    questions: [
      {
        name: 'privacy_policy_uri',
        label: 'Privacy policy',
        hint: 'A public https address. The consent page links to it.',
        kind: 'url',
        isNeeded: true,
      },
      {
        name: 'tos_uri',
        label: 'Terms of use',
        hint: 'A public https address.',
        kind: 'url',
        isNeeded: true,
      },
    ],
  },
  {
    title: 'Members’ data',
    questions: [
      {
        name: 'data_use',
        label: 'How the data is used',
        hint: 'Each purpose, research and advertising included.',
        kind: 'text',
        isNeeded: true,
      },
      {
        name: 'data_sharing',
        label: 'Who else receives it',
        hint: 'Names or kinds of recipients, and for what. Write “nobody” if that is so.',
        kind: 'text',
        isNeeded: true,
      },
      {
        name: 'data_sale',
        label: 'Is data sold?',
        hint: 'Data without names counts.',
        kind: 'choice',
        isNeeded: true,
        options: Object.entries(saleAnswers).map(([value, label]) => ({ value, label })),
      },
      {
        name: 'data_retention',
        label: 'How long it is kept',
        hint: 'Also after a member disconnects the app.',
        kind: 'text',
        isNeeded: true,
      },
      {
        name: 'data_deletion',
        label: 'How a member has it deleted',
        hint: 'The steps, and how long they take.',
        kind: 'text',
        isNeeded: true,
      },
    ],
  },
  {
    title: 'Security',
    questions: [
      {
        name: 'security_practices',
        label: 'Security practices',
        hint: 'Encryption, keeping of secrets and tokens, access of staff, tests, certificates.',
        kind: 'text',
        isNeeded: true,
      },
    ],
  },
] as const satisfies readonly QuestionGroup[];

export const questions: readonly Question[] = questionGroups.flatMap((group): readonly Question[] => [
  ...group.questions,
]);

const text = plainText(2000);

/** The answers, as a draft may have them. Null takes an answer back. */
export const answersSchema = z
  .object({
    description: text.nullable(),
    organization_name: plainLine(200).nullable(),
    organization_uri: webPage,
    contacts: z
      .array(emailAddress, 'must be a list of email addresses')
      .max(10, 'must have at most 10 entries'),
    security_contact: emailAddress.nullable(),
    privacy_policy_uri: webPage,
    tos_uri: webPage,
    data_use: text.nullable(),
    data_sharing: text.nullable(),
    data_sale: z
      .enum(Object.keys(saleAnswers) as [keyof typeof saleAnswers], {
        error: `must be one of ${Object.keys(saleAnswers).join(', ')}`,
      })
      .nullable(),
    data_retention: text.nullable(),
    data_deletion: text.nullable(),
    security_practices: text.nullable(),
    /** Whether the developer attests every statement of `attestationStatements`. */
    attestation: z.boolean('must be true or false'),
    /** Name and position of the person who attests. */
    attested_by: plainLine(200).nullable(),
  })
  .partial();
export type Answers = z.infer<typeof answersSchema>;
export type AnswerName = keyof Answers;

const isEmpty = (value: unknown) =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** The needed questions without an answer. The attestation is not among them: it never blocks a request. */
export function missingAnswers(answers: Answers): Question[] {
  return questions.filter(({ name, isNeeded }) => isNeeded && isEmpty(answers[name as AnswerName]));
}

/** An answer that differs from the previous submission. Both values are lines of text. */
export const changedAnswer = z.object({ name: z.string(), from: z.string(), to: z.string() });
export type ChangedAnswer = z.infer<typeof changedAnswer>;

/** The answers that differ between two submissions. An empty answer and a missing one are alike. */
export function changedAnswers(before: Answers, after: Answers): ChangedAnswer[] {
  return (Object.keys(answersSchema.shape) as AnswerName[])
    .map((name) => ({ name, from: answerText(name, before), to: answerText(name, after) }))
    .filter(({ from, to }) => from !== to);
}

/** An answer as a line of text. */
export function answerText(name: AnswerName, answers: Answers): string {
  const value = answers[name];
  if (isEmpty(value)) return '';
  if (name === 'data_sale') return saleAnswers[value as keyof typeof saleAnswers] ?? String(value);
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** The label of an answer, for lists of changes. */
export function answerLabel(name: string): string {
  if (name === 'attestation') return 'Attestation';
  if (name === 'attested_by') return 'Attested by';
  return questions.find((question) => question.name === name)?.label ?? name;
}
