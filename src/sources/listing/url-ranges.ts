/** Writes out the ranges of numbers in URLs, such as `https://example.com/shard-{0000..0999}.tar`. */

/** A range such as `{0000..0999}`. The first number decides how many digits all have. */
const range = /\{(\d{1,9})\.\.(\d{1,9})\}/;
const ranges = new RegExp(range, "g");
const address = /^(https?|s3):\/\//i;

export function* allUrlsOf(texts: Iterable<string>): Generator<string> {
  for (const text of texts) yield* urlsOf(text);
}

/** Yields the URLs that a text stands for, in order. Any other text is yielded as it is. */
export function* urlsOf(text: string): Generator<string> {
  const match = address.test(text) ? range.exec(text) : null;
  if (match === null) {
    yield text;
    return;
  }
  const [whole, first = "", last = ""] = match;
  const before = text.slice(0, match.index);
  const after = text.slice(match.index + whole.length);
  for (let number = Number(first); number <= Number(last); number += 1) {
    yield* urlsOf(`${before}${String(number).padStart(first.length, "0")}${after}`);
  }
}

/** Returns how many texts `urlsOf` yields, without writing them out. */
export function urlCount(text: string): number {
  if (!address.test(text)) return 1;
  return [...text.matchAll(ranges)].reduce((count, [, first, last]) => count * Math.max(0, Number(last) - Number(first) + 1), 1);
}
