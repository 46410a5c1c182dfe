const byteOrderMark = "\uFEFF";

/**
 * Splits a text that arrives in pieces into lines, without a byte order mark. Node's `readline` is not used, because it also splits at
 * U+2028. JSON text may contain U+2028 inside a line. `separator`: the character that ends a line. Default: a line feed.
 */
export async function* textLines(pieces: AsyncIterable<string>, separator = "\n"): AsyncGenerator<string> {
  let rest = "";
  let isBeginning = true;
  for await (const piece of pieces) {
    if (piece === "") continue;
    const text = isBeginning && piece.startsWith(byteOrderMark) ? piece.slice(byteOrderMark.length) : piece;
    isBeginning = false;
    const lines = (rest + text).split(separator);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
