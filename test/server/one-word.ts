/** A fake model for texts that knows one word. */
import { HeadraceError, type TextEmbedder } from "../../src/contracts/index.js";

/** Knows the word "stored". */
export class OneWord implements TextEmbedder {
  readonly name = "one-word";
  readonly label = "one word";
  readonly dimension = 16;
  readonly labels = [{ text: "stored", synonyms: [] }];

  async embedText(texts: readonly string[]): Promise<{ dimension: number; values: Float32Array }> {
    if (texts.some((text) => text !== "stored"))
      throw new HeadraceError("word_unknown", "expected another word", { suggestions: ["stored"] });
    return { dimension: this.dimension, values: new Float32Array(texts.length * this.dimension).fill(0.25) };
  }
}
