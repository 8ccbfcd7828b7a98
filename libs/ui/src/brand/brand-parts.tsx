import { brandInUse } from './brand.js';

/** The plan's name beside its logo. Without a logo, a mark in the plan's colour stands there. */
export function BrandMark({ name, href }: { name: string; href?: string }) {
  const { logo } = brandInUse();
  const mark = logo ? (
    <>
      <img class="brand-logo" src={logo} alt="" />
      {name}
    </>
  ) : (
    name
  );
  const kind = logo ? 'brand with-logo' : 'brand';
  return href ? (
    <a class={kind} href={href}>
      {mark}
    </a>
  ) : (
    <span class={kind}>{mark}</span>
  );
}

/** Texts of the links in the foot of a page. */
export interface BrandWords {
  /** Stands before the contact, as in "Questions? 1-800-555-0100". */
  questions: string;
  website: string;
  help: string;
  privacy: string;
}

/** The plan's contact and pages. Empty when none is configured. */
export function BrandContact({ words }: { words: BrandWords }) {
  const { contact, links } = brandInUse();
  const named = (['website', 'help', 'privacy'] as const).filter((key) => links[key]);
  if (!contact && named.length === 0) return null;
  return (
    <div class="brand-contact">
      {contact && (
        <span>
          {words.questions} {contact}
        </span>
      )}
      {named.map((key) => (
        <a key={key} href={links[key]}>
          {words[key]}
        </a>
      ))}
    </div>
  );
}
