/**
 * The page to which a sign-in or a sign-up leads: an invitation, or the page of a new developer. No link
 * leads a signed-in developer to a foreign or surprising place.
 * @returns undefined for every other value
 */
export function nextPage(value: unknown): string | undefined {
  const isKnown =
    typeof value === 'string' && /^\/(apps\/new|invitation\?token=[a-z0-9]{20,80})$/.test(value);
  return isKnown ? value : undefined;
}
