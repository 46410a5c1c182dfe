/** The chain from an encoded image to its embedding: decoder, preprocessor, embedder, agreed on one preprocessing. */
import type { Embedder, ImageDecoder, Preprocessing, Preprocessor } from "../contracts/index.js";

export interface Chain {
  readonly decoder: ImageDecoder;
  /** Null when the decoder's pixels are what the model takes. */
  readonly preprocessor: Preprocessor | null;
  readonly embedder: Embedder;
  readonly preprocessing: Preprocessing;
  /** Whether vectors are brought to unit length. */
  readonly normalize: "l2" | "none";
}

/** Opens the chain when it is first needed; every later call gets the same one. Throws what opening throws, and then tries anew when called again. */
export type ChainReady = (signal: AbortSignal) => Promise<Chain>;
