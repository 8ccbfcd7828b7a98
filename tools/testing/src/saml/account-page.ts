/** Pages of the provider, for a person in a browser. */
const page = (title: string, content: string) =>
  `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${content}</html>`;

/** The page of the provider on which the person ends the session everywhere. */
export const accountPage = (leave: string) =>
  page('Your plan account', `<a href="${leave}">Sign out everywhere</a>`);

/** The end of a sign-out that began at the provider. */
export const signedOutPage = (isDone: boolean) =>
  isDone ? page('You are signed out everywhere', '') : page('You may still be signed in somewhere', '');
