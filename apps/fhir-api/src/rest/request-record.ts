import type { Environment, RequestRecord } from '@payer/smart';
import type { Answer } from '../answer.js';
import type { Interaction } from './interaction.js';

/** Characters of a path and of a detail that a record keeps. */
const maxPath = 500;
const maxDetail = 300;

export interface AnsweredRequest {
  environment: Environment;
  interaction: Extract<Interaction, { kind: 'read' | 'search' }>;
  method: string;
  /** Below the FHIR base, with its query, as sent. */
  path: string;
  answer: Answer;
  requestId: string;
  /** Milliseconds. */
  duration: number;
}

/**
 * A request as its developer sees it in the portal. Only the sandbox, whose members are made up, shows parameters, ids and
 * texts of answers; for every other environment the record says nothing about a member.
 */
export function requestRecord(request: AnsweredRequest): RequestRecord {
  const { environment, interaction, method, answer, requestId, duration } = request;
  const isSynthetic = environment === 'sandbox';
  const issue = answer.status >= 400 ? issueOf(answer.body) : undefined;
  return {
    at: new Date().toISOString(),
    kind: 'fhir',
    method,
    path: isSynthetic ? request.path.slice(0, maxPath) : templateOf(interaction),
    status: answer.status,
    duration_ms: Math.max(0, Math.round(duration)),
    request_id: requestId.slice(0, 100),
    error: issue?.code ?? null,
    detail: isSynthetic ? (issue?.diagnostics?.slice(0, maxDetail) ?? null) : null,
  };
}

const templateOf = (interaction: AnsweredRequest['interaction']) =>
  interaction.kind === 'read' ? `/${interaction.type}/{id}` : `/${interaction.type}`;

/** The issue of an OperationOutcome. */
function issueOf(body: Answer['body']): { code?: string; diagnostics?: string } | undefined {
  try {
    const outcome = JSON.parse(String(body)) as { issue?: { code?: string; diagnostics?: string }[] };
    return outcome.issue?.[0];
  } catch {
    return undefined;
  }
}
