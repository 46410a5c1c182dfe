const loneSurrogate = /\p{Cs}/u;

/**
 * Returns false for text with an unpaired surrogate. UTF-8 has no encoding for an unpaired surrogate, so two different texts could become
 * equal in a store.
 */
export function isWellFormed(text: string): boolean {
  return !loneSurrogate.test(text);
}
