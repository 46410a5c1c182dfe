/** The parts of one open pipeline; each is made and opened when it is first needed, and closed once. */
import { type Embedder, HeadraceError, type ImageDecoder, type Part, type Reader, type VectorStore } from "../../contracts/index.js";
import type { Chain } from "../../kit/index.js";
import { Upkeep } from "../collections/upkeep.js";
import { type StoreKind, storeKind } from "../configuration/kinds.js";
import type { Settings } from "../configuration/settings.js";
import { Passports } from "./passports.js";
import { openPreprocessing } from "./preprocessing.js";
import { makeDecoder, makeEmbedder, makeReaders, makeStore } from "./registry.js";
import { Shared } from "./shared.js";
import { WatchedEmbedder } from "./watched-embedder.js";

/** PipelineParts of the caller's own, in place of the configured ones. The pipeline opens and closes them. */
export interface OwnParts {
  readonly embedder?: Embedder;
  readonly store?: VectorStore;
  readonly decoder?: ImageDecoder;
  /** Beside the built-in ones; the first that knows a scheme is used. */
  readonly readers?: readonly Reader[];
}

export class PipelineParts {
  readonly passports: Passports;
  readonly upkeep = new Upkeep();
  /** Opening belongs to the pipeline: no caller's signal ends it, closing does. */
  readonly #closing = new AbortController();
  readonly #opened = new Set<Pick<Part, "close">>();
  readonly #stores = new Map<StoreKind, Shared<VectorStore>>();
  readonly #decoder: Shared<ImageDecoder>;
  readonly #embedder: Shared<Embedder>;
  readonly #chain: Shared<Chain>;
  #readers: Promise<readonly Reader[]> | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    readonly settings: Settings,
    readonly own: OwnParts = {},
  ) {
    this.passports = new Passports(this.#closing.signal);
    this.#decoder = new Shared(() => this.#open(own.decoder, () => makeDecoder(settings)));
    this.#embedder = new Shared(() => this.#open(own.embedder, () => makeEmbedder(settings)));
    this.#chain = new Shared(() => this.#openChain());
  }

  /** The configured store, or the other kind beside it with its own section of the settings. A failure is not kept. */
  async store(signal: AbortSignal, kind: StoreKind = this.storeKind): Promise<VectorStore> {
    this.#assertOpen();
    const own = kind === this.storeKind ? this.own.store : undefined;
    const store = this.#stores.get(kind) ?? new Shared(() => this.#open(own, () => makeStore(kind, this.settings)));
    this.#stores.set(kind, store);
    return store.get(signal);
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
  async chain(signal: AbortSignal): Promise<Chain> {
    this.#assertOpen();
    return this.#chain.get(signal);
  }

  /** The chain if it is open already. */
  get openChain(): Promise<Chain> | null {
    return this.#chain.begun;
  }

  /** Closes what was opened, the last first. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#closing.abort(new HeadraceError("aborted", "The pipeline was closed."));
      const opening = [...this.#stores.values(), this.#decoder, this.#embedder, this.#chain];
      await Promise.allSettled(opening.map(({ begun }) => begun));
      for (const part of [...this.#opened].reverse()) await part.close?.();
      this.#opened.clear();
    })();
    return this.#closed;
  }

  async #openChain(): Promise<Chain> {
    const { signal } = this.#closing;
    const [decoder, opened] = await Promise.all([this.#decoder.get(signal), this.#embedder.get(signal)]);
    checkDimension(opened, this.settings);
    const { preprocessing, preprocessor } = await openPreprocessing(this.settings, opened, signal);
    if (preprocessor !== null) this.#opened.add(preprocessor);
    const embedder = new WatchedEmbedder(opened, () => this.passports.doubt(chain));
    const chain: Chain = { decoder, embedder, preprocessor, preprocessing, normalize: this.settings.embedder.normalize ? "l2" : "none" };
    return chain;
  }

  /** A part that was made here and does not open is closed again; the caller's own is tried again. */
  async #open<T extends Part>(own: T | undefined, make: () => Promise<T>): Promise<T> {
    const part = own ?? (await make());
    this.#opened.add(part);
    try {
      await part.open?.(this.#closing.signal);
      return part;
    } catch (error) {
      if (own === undefined) {
        this.#opened.delete(part);
        await part.close?.();
      }
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new HeadraceError("usage_invalid", "The pipeline is closed.", { hint: "Open a new one." });
  }
}

/** Throws `config_conflict` when the configuration promises vectors of another dimension. */
function checkDimension({ dimension, label }: Embedder, { milvus }: Settings): void {
  const expected = milvus?.embeddingDim ?? dimension;
  if (expected === dimension) return;
  throw new HeadraceError("config_conflict", `${label}: expected milvus.embedding_dim ${expected}, found vectors of ${dimension} numbers`, {
    hint: `Set milvus.embedding_dim to ${dimension} or leave it out; or use a model of that dimension.`,
  });
}
