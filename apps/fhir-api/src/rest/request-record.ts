import { isSynthetic, leverHeader, type Environment, type RequestRecord } from '@payer/smart';
import type { Answer } from '../answer.js';
import type { Interaction } from './interaction.js';

/** The most characters of a path and of a detail in a record. */
const maxPath = 500;
const maxDetail = 300;

export interface AnsweredRequest {
  environment: Environment;
  interaction: Extract<Interaction, { kind: 'read' | 'search' | 'batch' }>;
  method: string;
  /** The path below the FHIR base with its query, as sent. */
  path: string;
  answer: Answer;
  requestId: string;
  /** Milliseconds. */
  duration: number;
}

/**
 * The record of a request for its developer in the portal. Only an environment with synthetic data shows
 * parameters, ids and texts of answers. In every other environment the record says nothing about a member.
 */
export function requestRecord(request: AnsweredRequest): RequestRecord {
  const { environment, interaction, method, answer, requestId, duration } = request;
  const mayShow = isSynthetic(environment);
  const issue = answer.status >= 400 ? issueOf(answer.body) : undefined;
  return {
    at: new Date().toISOString(),
    kind: 'fhir',
    method,
    path: mayShow ? request.path.slice(0, maxPath) : templateOf(interaction),
    status: answer.status,
    duration_ms: Math.max(0, Math.round(duration)),
    request_id: requestId.slice(0, 100),
    error: issue?.code ?? null,
    detail: mayShow ? (issue?.diagnostics?.slice(0, maxDetail) ?? null) : null,
    lever: answer.headers[leverHeader] ?? null,
  };
}

function templateOf(interaction: AnsweredRequest['interaction']): string {
  if (interaction.kind === 'batch') return '/';
  if (interaction.kind !== 'read') return `/${interaction.type}`;
  return `/${interaction.type}/{id}${interaction.isHistory ? '/_history' : ''}`;
}

/** The issue of an OperationOutcome. */
function issueOf(body: Answer['body']): { code?: string; diagnostics?: string } | undefined {
  try {
    const outcome = JSON.parse(String(body)) as { issue?: { code?: string; diagnostics?: string }[] };
    return outcome.issue?.[0];
  } catch {
    return undefined;
  }
}
