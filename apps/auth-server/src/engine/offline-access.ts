/**
 * Scopes that grant nothing here, because every grant lives until its end. Libraries refresh only if the
 * token response names the scope that they asked for (`fhirclient`), so the response repeats it. The access
 * token does not.
 */
export const scopesNamedOnRequest: readonly string[] = ['offline_access', 'online_access'];

/** The parameter that carries these scopes through the engine's interaction. Apps cannot send it. */
export const toleratedScopeParameter = 'tolerated_scope';
