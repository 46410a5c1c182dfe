/** Text that every store can keep. */

const loneSurrogate = /\p{Cs}/u;

/** False for text with half of a surrogate pair: it has no UTF-8 form, so two such texts could become one. */
export function isWellFormed(text: string): boolean {
  return !loneSurrogate.test(text);
}
