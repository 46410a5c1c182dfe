/** The chain from an encoded image to its embedding: decoder, preprocessor and embedder, all set up for one preprocessing. */
import type { Embedder, ImageDecoder, Preprocessing, Preprocessor } from "../contracts/index.js";

export interface Chain {
  readonly decoder: ImageDecoder;
  /** Null if the model takes the decoder's pixels directly. */
  readonly preprocessor: Preprocessor | null;
  readonly embedder: Embedder;
  readonly preprocessing: Preprocessing;
  /** "l2": scale vectors to length 1. */
  readonly normalize: "l2" | "none";
}

/** Opens the chain at the first call. Later calls get the same chain. If opening fails, the next call tries again. */
export type ChainReady = (signal: AbortSignal) => Promise<Chain>;
