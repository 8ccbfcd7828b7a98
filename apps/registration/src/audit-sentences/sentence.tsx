import { Fragment } from 'preact';

/** A name inside a sentence: a person, an app, a value of the record. */
export interface Name {
  text: string;
  href?: string;
}

/** A sentence about an act, in parts. Names are kept apart because people choose them. */
export type Sentence = readonly (string | Name)[];

/** Writes a sentence. Interpolated texts are names; interpolated sentences are part of the sentence. */
export function say(words: TemplateStringsArray, ...values: (string | Name | Sentence)[]): Sentence {
  return words.flatMap((word, index): Sentence => {
    const value = values[index];
    if (value === undefined) return [word];
    if (typeof value === 'string') return [word, { text: value }];
    return 'text' in value ? [word, value] : [word, ...value];
  });
}

/** No words, for a part of a sentence that the record does not know. */
export const nothing: Sentence = [];

export const plainText = (sentence: Sentence): string =>
  sentence.map((part) => (typeof part === 'string' ? part : part.text)).join('');

/** A sentence on a page. A name cannot change the direction or the order of the words around it. */
export function SentenceText({ sentence }: { sentence: Sentence }) {
  return (
    <>
      {sentence.map((part, index) => (
        <Fragment key={index}>{typeof part === 'string' ? part : <NameText {...part} />}</Fragment>
      ))}
    </>
  );
}

function NameText({ text, href }: Name) {
  const name = <bdi class="name">{text}</bdi>;
  return href ? <a href={href}>{name}</a> : name;
}
