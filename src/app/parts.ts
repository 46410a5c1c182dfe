/** The parts of one open pipeline; each is made and opened when it is first needed, and closed once. */
import { type Embedder, HeadraceError, type ImageDecoder, type Reader, type VectorStore } from "../contracts/index.js";
import type { Chain } from "../kit/index.js";
import { type StoreKind, storeKind } from "./kinds.js";
import { openPreprocessing } from "./preprocessing.js";
import { makeDecoder, makeEmbedder, makeReaders, makeStore } from "./registry.js";
import type { Settings } from "./settings.js";

interface Closable {
  close?(): Promise<void>;
}

/** Parts of the caller's own, in place of the configured ones. The pipeline opens and closes them. */
export interface OwnParts {
  readonly embedder?: Embedder;
  readonly store?: VectorStore;
  readonly decoder?: ImageDecoder;
  /** Beside the built-in ones; the first that knows a scheme is used. */
  readonly readers?: readonly Reader[];
}

export class Parts {
  readonly #opened: Closable[] = [];
  readonly #stores = new Map<StoreKind, Promise<VectorStore>>();
  #chain: Promise<Chain> | undefined;
  #readers: Promise<readonly Reader[]> | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    readonly settings: Settings,
    readonly own: OwnParts = {},
  ) {}

  /** The configured store, or the other kind beside it with its own section of the settings. */
  store(signal: AbortSignal, kind: StoreKind = this.storeKind): Promise<VectorStore> {
    this.#assertOpen();
    const own = kind === this.storeKind ? this.own.store : undefined;
    const store =
      this.#stores.get(kind) ??
      this.#open(given(own) ?? makeStore(kind, this.settings), signal).catch((error: unknown) => {
        this.#stores.delete(kind);
        throw error;
      });
    this.#stores.set(kind, store);
    return store;
  }

  /** The configured one. */
  get storeKind(): StoreKind {
    return storeKind(this.settings);
  }

  readers(): Promise<readonly Reader[]> {
    this.#assertOpen();
    this.#readers ??= makeReaders().then((builtIn) => [...(this.own.readers ?? []), ...builtIn]);
    return this.#readers;
  }

  /** Decoder, preprocessor and embedder, agreed on one preprocessing. A failure is not kept: the next call tries again. */
  chain(signal: AbortSignal): Promise<Chain> {
    this.#assertOpen();
    this.#chain ??= this.#openChain(signal).catch((error: unknown) => {
      this.#chain = undefined;
      throw error;
    });
    return this.#chain;
  }

  /** The chain if it is open already. */
  get openChain(): Promise<Chain> | null {
    return this.#chain ?? null;
  }

  /** Closes what was opened, the last first. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      await Promise.allSettled([this.#chain, ...this.#stores.values()]);
      for (const part of this.#opened.splice(0).reverse()) await part.close?.();
    })();
    return this.#closed;
  }

  async #openChain(signal: AbortSignal): Promise<Chain> {
    const decoder: ImageDecoder = await this.#open(given(this.own.decoder) ?? makeDecoder(this.settings), signal);
    const embedder: Embedder = await this.#open(given(this.own.embedder) ?? makeEmbedder(this.settings), signal);
    checkDimension(embedder, this.settings);
    const { preprocessing, preprocessor } = await openPreprocessing(this.settings, embedder, signal);
    if (preprocessor !== null) this.#opened.push(preprocessor);
    return { decoder, embedder, preprocessor, preprocessing, normalize: this.settings.embedder.normalize ? "l2" : "none" };
  }

  async #open<T extends Closable & { open?(signal: AbortSignal): Promise<void> }>(making: Promise<T>, signal: AbortSignal): Promise<T> {
    const part = await making;
    await part.open?.(signal);
    this.#opened.push(part);
    return part;
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new HeadraceError("usage_invalid", "The pipeline is closed.", { hint: "Open a new one." });
  }
}

/** Throws `config_conflict` when the configuration promises vectors of another dimension. */
function checkDimension({ dimension, label }: Embedder, { milvus }: Settings): void {
  const expected = milvus?.embeddingDim ?? dimension;
  if (expected === dimension) return;
  throw new HeadraceError(
    "config_conflict",
    `Expected vectors of milvus.embedding_dim ${expected} numbers, but ${label} makes ${dimension}.`,
    {
      hint: `Set milvus.embedding_dim to ${dimension} or leave it out; or use a model of that dimension.`,
    },
  );
}

function given<T>(part: T | undefined): Promise<T> | undefined {
  return part === undefined ? undefined : Promise.resolve(part);
}
