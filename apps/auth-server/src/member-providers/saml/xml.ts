import { DOMParser } from '@xmldom/xmldom';

/** Limits of a document, so that no answer costs more than a few milliseconds. */
const maxElements = 1000;
const maxAttributes = 2000;
const maxDepth = 40;

/**
 * Parses XML of an unknown sender. Refuses document types (XXE, entity expansion), comments, CDATA sections
 * and processing instructions: readers disagree on the text around them.
 * @throws Error that names the fault
 */
export function parseXml(text: string): Element {
  const body = text.replace(/^\uFEFF?\s*<\?xml\s[^<>]*\?>/, '');
  if (body.includes('<!')) throw new Error('the XML has a document type, a comment or a CDATA section');
  if (body.includes('<?')) throw new Error('the XML has a processing instruction');
  // The parser copies all namespaces for each nested element, so its time grows with the square of their
  // number. An element has two tags at most.
  if (body.split('<', 2 * maxElements + 2).length > 2 * maxElements + 1)
    throw new Error(`the XML has more than ${maxElements} elements`);
  // The parser's own messages quote the document, which names a member.
  const fail = () => {
    throw new Error('the XML is malformed');
  };
  const parser = new DOMParser({ errorHandler: { warning: fail, error: fail, fatalError: fail } });
  const root = parser.parseFromString(body, 'text/xml')?.documentElement;
  if (!root) throw new Error('the XML is empty');
  return root;
}

/** The elements of a tree in document order. @throws Error when the tree is too large or too deep */
export function elementsOf(root: Element): Element[] {
  const found: Element[] = [];
  let attributes = 0;
  const open: { element: Element; depth: number }[] = [{ element: root, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    found.push(next.element);
    if (found.length > maxElements) throw new Error(`the XML has more than ${maxElements} elements`);
    attributes += next.element.attributes.length;
    if (attributes > maxAttributes) throw new Error(`the XML has more than ${maxAttributes} attributes`);
    if (next.depth > maxDepth) throw new Error(`the XML is nested deeper than ${maxDepth} elements`);
    for (const child of childElements(next.element).reverse())
      open.push({ element: child, depth: next.depth + 1 });
  }
  return found;
}

export function childElements(parent: Element): Element[] {
  const children: Element[] = [];
  for (let node = parent.firstChild; node; node = node.nextSibling)
    if (node.nodeType === 1) children.push(node as Element);
  return children;
}

/** The children with a name, in one namespace. */
export const childrenNamed = (parent: Element, namespace: string, name: string): Element[] =>
  childElements(parent).filter((child) => child.namespaceURI === namespace && child.localName === name);

/** @throws Error when the parent has no child with the name, or several */
export function onlyChild(parent: Element, namespace: string, name: string): Element {
  const children = childrenNamed(parent, namespace, name);
  if (children.length !== 1)
    throw new Error(`${parent.localName} has ${children.length} elements ${name} instead of one`);
  return children[0]!;
}

/** The text of an element. @throws Error when the element has children, or no text */
export function textOf(element: Element): string {
  if (childElements(element).length > 0) throw new Error(`${element.localName} has elements for text`);
  const text = (element.textContent ?? '').trim();
  if (text === '') throw new Error(`${element.localName} is empty`);
  return text;
}

/** The instant of an attribute in milliseconds since the epoch. @throws Error when it is absent or wrong */
export function instantOf(element: Element, name: string): number {
  const text = element.getAttribute(name) ?? '';
  // SAML Core §1.3.3: instants are UTC.
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at)) throw new Error(`${element.localName} has no ${name} in UTC`);
  return at;
}
