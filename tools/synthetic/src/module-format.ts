/** How Prettier formats a module here (`.prettierrc.json`). */
export const moduleFormat = {
  parser: 'typescript',
  singleQuote: true,
  printWidth: 110,
  trailingComma: 'all',
} as const;
