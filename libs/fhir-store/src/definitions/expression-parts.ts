/** Splits a FHIRPath expression at `|` outside parentheses and quotes. */
export function unionParts(expression: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < expression.length; i++) {
    const c = expression[i];
    if (c === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === '|' && depth === 0) {
      parts.push(expression.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(expression.slice(start).trim());
  return parts.filter(Boolean);
}

/**
 * The part of a SearchParameter's expression that applies to one resource type. R4 joins the paths of all
 * types that share a parameter. Paths on `Resource` and `DomainResource`, and paths that name no type, apply
 * to every type.
 */
export function partsAbout(type: string, expression: string): string {
  return unionParts(expression)
    .map((part) => part.replace(/^(\(*)(?:Resource|DomainResource)\./, `$1${type}.`))
    .filter((part) => {
      const head = /^\(*([A-Za-z]+)/.exec(part)?.[1] ?? '';
      return head === type || /^[a-z]/.test(head);
    })
    .map((part) => (/^\(*[a-z]/.test(part) ? part.replace(/^(\(*)/, `$1${type}.`) : part))
    .join(' | ');
}
