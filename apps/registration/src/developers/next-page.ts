/**
 * The page to which a sign-in or a sign-up leads. Only an invitation is one, so that no link leads a
 * signed-in developer to a foreign or surprising place.
 * @returns undefined for every other value
 */
export function nextPage(value: unknown): string | undefined {
  return typeof value === 'string' && /^\/invitation\?token=[a-z0-9]{20,80}$/.test(value) ? value : undefined;
}
