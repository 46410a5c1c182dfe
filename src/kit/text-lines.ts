const byteOrderMark = "\uFEFF";

/**
 * Lines of a text that arrives in pieces, without the mark that some programs put at its beginning. Node's own reader of lines also ends
 * them at U+2028, which JSON leaves as it is.
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
