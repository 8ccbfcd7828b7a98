import { Refusal } from '../gateway/refusal.js';

/** 429 (RFC 6585 §4): the app uses more than its share. @param retryAfter seconds */
export function throttled(text: string, retryAfter: number, headers: Record<string, string> = {}): Refusal {
  return new Refusal({
    status: 429,
    issueCode: 'throttled',
    text,
    headers: { ...headers, 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) },
  });
}
