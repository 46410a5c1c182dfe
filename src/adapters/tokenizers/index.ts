/** Tokenizers of models for texts, from their `tokenizer.json`. */
export { openTokenizer } from "./tokenizer.js";
