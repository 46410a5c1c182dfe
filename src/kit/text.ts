const loneSurrogate = /\p{Cs}/u;

/** False for text with an unpaired surrogate. It has no UTF-8 form, so two such texts could become equal in a store. */
export function isWellFormed(text: string): boolean {
  return !loneSurrogate.test(text);
}
