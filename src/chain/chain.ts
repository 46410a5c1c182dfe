/** A chain computes the embedding of an encoded image. It has a decoder, a preprocessor and an embedder, with matching settings. */
import type { Embedder, ImageDecoder, Preprocessing, Preprocessor } from "../contracts/index.js";

export interface Chain {
  readonly decoder: ImageDecoder;
  /** Null if the model takes the pixels of the decoder directly. */
  readonly preprocessor: Preprocessor | null;
  readonly embedder: Embedder;
  readonly preprocessing: Preprocessing;
  /** "l2": scale embeddings to length 1. "none": keep the embeddings of the model. */
  readonly normalize: "l2" | "none";
}

/** Returns the open chain. The first call opens the chain, and later calls return the same chain. A call after a failure tries again. */
export type ChainReady = (signal: AbortSignal) => Promise<Chain>;
