import { Refusal } from '../gateway/refusal.js';
import type { Offered } from '../offered.js';
import type { Interaction } from './interaction.js';

/** The paths of the API by their methods. */
export type PathKind = 'base' | 'base-with-batch' | 'form-search' | 'operation' | 'read';

/** The methods of each kind of path, as `Allow` lists them (RFC 9110 §10.2.1). Any other method gets 405. */
export const allowedMethods: Record<PathKind, string> = {
  base: 'OPTIONS',
  'base-with-batch': 'POST, OPTIONS',
  'form-search': 'POST, OPTIONS',
  operation: 'GET, HEAD, POST, OPTIONS',
  read: 'GET, HEAD, OPTIONS',
};

/** 405 for a method that the base does not support. */
export function notAllowedAtBase(method: string, { batch = false }: Offered): Refusal {
  const text = batch
    ? `This API is read-only: ${method} is not supported here. A batch of reads and searches is sent with POST.`
    : 'This API is read-only: batches and transactions are not supported. Reads and searches are sent one by one.';
  const allow = allowedMethods[batch ? 'base-with-batch' : 'base'];
  return new Refusal({ status: 405, issueCode: 'not-supported', text, headers: { allow } });
}

/** 405 for a method that the path of an interaction does not support. */
export function methodNotAllowed(method: string, allow: string, target: Interaction): Refusal {
  const text =
    target.kind === 'search' && target.parametersIn === 'form'
      ? `A search at _search is sent with POST, its parameters as a form.`
      : target.kind === 'search' && method === 'POST'
        ? `This API is read-only: resources cannot be created. To search with POST, use ${target.type}/_search.`
        : `This API is read-only: ${method} is not supported here.`;
  return new Refusal({ status: 405, issueCode: 'not-supported', text, headers: { allow } });
}
