const byteOrderMark = "\uFEFF";

/**
 * The lines of a text that arrives in pieces, without a byte order mark. Node's `readline` is not used: it also splits at U+2028, which
 * JSON does not escape.
 */
export async function* textLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  let isBeginning = true;
  for await (const piece of pieces) {
    if (piece === "") continue;
    const text = isBeginning && piece.startsWith(byteOrderMark) ? piece.slice(byteOrderMark.length) : piece;
    isBeginning = false;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
