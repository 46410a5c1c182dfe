/** The parts of a pipeline. Each part is opened when it is first needed, shared by all calls, and closed with the pipeline. */

import type { Chain } from "../../chain/index.js";
import {
  type Embedder,
  HeadraceError,
  type ImageDecoder,
  type Pictures,
  type Reader,
  type TextEmbedder,
  type VectorStore,
} from "../../contracts/index.js";
import { RemoteCopies } from "../../sources/index.js";
import { type StoreKind, storeKind, type TextSearch } from "../configuration/kinds.js";
import type { Settings } from "../configuration/settings.js";
import { HandOver } from "../decode-workers/hand-over.js";
import { workerSchemes } from "../decode-workers/protocol.js";
import { Shared } from "../lifetimes/shared.js";
import { copyLimits } from "./copy-limits.js";
import { EmbedderQueue } from "./embedder-queue.js";
import { remoteMemberReaders } from "./member-readers.js";
import { type OnFetch, withLocalModel } from "./model-files/hub-models.js";
import { isNetworkReader, networkReaders } from "./network-readers.js";
import { OpenCalls } from "./open-calls.js";
import { PartOwner } from "./part-owner.js";
import { Passports } from "./passports.js";
import { openPreprocessing } from "./preprocessing.js";
import {
  type Decoding,
  makeConverterWorker,
  makeDecodeWorkers,
  makeDecoding,
  makeEmbedder,
  makeReaders,
  makeStore,
  makeTextEmbedder,
  textSearchOf,
} from "./registry.js";
import { shortenedEmbedder, shortenedTextEmbedder } from "./shortened-embedders.js";
import type { StoreOptions } from "./store-options.js";
import { UpdateTurns } from "./update-turns.js";
import { Upkeep } from "./upkeep.js";
import { WatchedEmbedder } from "./watched-embedder.js";

/**
 * Parts that the caller passes, used instead of the configured ones. The pipeline opens and closes them. Do not use the same part in two
 * pipelines.
 */
export interface OwnParts {
  readonly embedder?: Embedder;
  /** Embeds texts into the space of `embedder`. */
  readonly textEmbedder?: TextEmbedder;
  readonly store?: VectorStore;
  readonly decoder?: ImageDecoder;
  /** Additional readers. They take precedence over the built-in readers. The first reader that supports a URL scheme is used. */
  readonly readers?: readonly Reader[];
}

/** What the opening of a pipeline wants to be told. */
export interface PartHooks extends StoreOptions {
  /** See `OpenOptions`. */
  readonly onModelFetch?: OnFetch | undefined;
}

export class PipelineParts {
  readonly #owner = new PartOwner();
  readonly passports = new Passports(this.#owner, (signal) => this.#freeTextEmbedder(signal));
  readonly upkeep = new Upkeep();
  readonly updateTurns = new UpdateTurns();
  readonly openCalls = new OpenCalls();
  /** Copies of tables and archives from buckets and web servers. */
  readonly copies: RemoteCopies;
  readonly #stores = new Map<StoreKind, Shared<VectorStore>>();
  readonly #readers: Shared<readonly Reader[]>;
  readonly #decoding: Shared<Decoding>;
  readonly #decoder: Shared<ImageDecoder>;
  /** The settings with the folder of a model that the settings name. */
  readonly #local: Shared<Settings>;
  readonly #embedder: Shared<Embedder>;
  readonly #textEmbedder: Shared<TextEmbedder>;
  readonly #chain: Shared<Chain>;
  readonly #handOver = new HandOver(async () => this.#owner.open(await makeDecodeWorkers(this.settings)));
  #queue: EmbedderQueue | null = null;
  #batchesOfRuns = 0;
  #closed: Promise<void> | undefined;

  constructor(
    readonly settings: Settings,
    readonly own: OwnParts = {},
    readonly hooks: PartHooks = {},
  ) {
    const owner = this.#owner;
    this.copies = new RemoteCopies({ ...copyLimits(settings), readers: (signal) => this.#nearReaders(signal) });
    owner.adopt(this.copies);
    this.#readers = new Shared(async () => {
      const open = (readers: readonly Reader[]) => Promise.all(readers.map((reader) => owner.open(reader)));
      return [...(await open(own.readers ?? [])), ...(await open(await makeReaders(this.settings)))];
    });
    const converting = new Shared(async () => owner.open(await makeConverterWorker()));
    this.#decoding = new Shared(() => makeDecoding(settings, () => converting.get(new AbortController().signal)));
    this.#decoder = new Shared(async () => owner.open(own.decoder ?? (await this.#decoding.get(new AbortController().signal)).decoder));
    this.#local = new Shared(() => owner.run((signal) => this.#withLocalModel(signal)));
    this.#embedder = new Shared(async () =>
      shortenedEmbedder(await owner.open(own.embedder ?? (await makeEmbedder(await this.#localSettings()))), settings.embedder),
    );
    this.#textEmbedder = new Shared(async () =>
      shortenedTextEmbedder(
        await owner.open(own.textEmbedder ?? (await makeTextEmbedder(await this.#localSettings(), own.embedder?.label))),
        settings.embedder,
      ),
    );
    this.#chain = new Shared(() => owner.run((signal) => this.#openChain(signal)));
  }

  /** Returns the store of the given kind. Default: the configured kind. */
  store(signal: AbortSignal, kind: StoreKind = this.storeKind): Promise<VectorStore> {
    const own = kind === this.storeKind ? this.own.store : undefined;
    const { onLockHeld } = this.hooks;
    const store =
      this.#stores.get(kind) ?? new Shared(async () => this.#owner.open(own ?? (await makeStore(kind, this.settings, { onLockHeld }))));
    this.#stores.set(kind, store);
    return this.#lend(store, signal);
  }

  get storeKind(): StoreKind {
    return storeKind(this.settings);
  }

  /** The settings that a listing needs. */
  get listingSettings(): { readonly s3: Settings["s3"]; readonly copies: RemoteCopies } {
    return { s3: this.settings.s3, copies: this.copies };
  }

  /** Returns all readers in order of precedence. */
  async readers(signal: AbortSignal): Promise<readonly Reader[]> {
    return this.#withRemoteMembers(await this.#nearReaders(signal));
  }

  #withRemoteMembers(readers: readonly Reader[]): readonly Reader[] {
    return [...readers, ...remoteMemberReaders(readers, this.copies)];
  }

  #nearReaders(signal: AbortSignal): Promise<readonly Reader[]> {
    return this.#lend(this.#readers, signal);
  }

  /** Returns the chain for requests, which go before runs and share batches of the model. */
  chain(signal: AbortSignal): Promise<Chain> {
    return this.#lend(this.#chain, signal);
  }

  /** Returns what draws images for people. */
  async pictures(signal: AbortSignal): Promise<Pictures> {
    return (await this.#lend(this.#decoding, signal)).pictures;
  }

  /** Throws `text_unavailable` if the settings have no model for texts. */
  async textEmbedder(signal: AbortSignal): Promise<TextEmbedder> {
    return this.#lend(this.#textEmbedder, signal);
  }

  /** Which texts can be searched for. Opens no part, except a model for texts that a program brings. */
  async textSearch(signal: AbortSignal): Promise<TextSearch> {
    if (this.own.textEmbedder === undefined) return textSearchOf(await this.#localSettings(signal), this.own.embedder?.label);
    return (await this.textEmbedder(signal)).labels === null ? "any text" : "labels";
  }

  async #freeTextEmbedder(signal: AbortSignal): Promise<TextEmbedder | null> {
    return (await this.textSearch(signal)) === "any text" ? this.textEmbedder(signal) : null;
  }

  /**
   * Returns the readers for a run. The built-in readers of files and archives hand over to the decode workers. `whenAway`: whether images of a
   * server that has stopped to answer wait for it.
   */
  async runReaders(whenAway: "wait" | "fail", signal: AbortSignal): Promise<readonly Reader[]> {
    const readers = await this.#nearReaders(signal);
    const { decoder, readers: ownReaders = [] } = this.own;
    const canMove = (reader: Reader) => reader.schemes.every((scheme) => workerSchemes.has(scheme));
    const isOurs = (reader: Reader) => decoder === undefined && canMove(reader) && !ownReaders.includes(reader);
    const ofNetworks = networkReaders(whenAway);
    const ofRun = (reader: Reader) => (isNetworkReader(reader) && !ownReaders.includes(reader) ? ofNetworks(reader) : reader);
    return this.#withRemoteMembers(readers.map((reader) => (isOurs(reader) ? this.#handOver.reader(reader) : ofRun(reader))));
  }

  /** Returns the chain for a run. The built-in decoder hands over to the decode workers. Its batches go after those of requests. */
  runChain(chain: Chain): Chain {
    return {
      ...chain,
      embedder: this.#queue?.forRuns ?? chain.embedder,
      decoder: this.own.decoder === undefined ? this.#handOver.decoder(chain.decoder) : chain.decoder,
    };
  }

  /** Tells that a run will decode many images. The decode workers start now. */
  expectImages(): void {
    if (this.own.decoder === undefined) this.#handOver.begin();
  }

  /** Tells that a run will have this number of batches in work. It may be more than the embedder asks for. */
  expectBatches(parallel: number): void {
    this.#batchesOfRuns = Math.max(this.#batchesOfRuns, parallel);
  }

  /**
   * Opens all parts, and checks the embedder and the store with a real call. Throws the first error without waiting for the other calls.
   * `close` waits for them.
   */
  async check(signal: AbortSignal): Promise<void> {
    const answer = (part: Embedder | VectorStore): Promise<void> =>
      new Shared(() => this.#owner.run((ending) => part.check(ending))).get(signal);
    await Promise.all([
      this.readers(signal),
      this.store(signal).then((store) => answer(store)),
      this.chain(signal).then(({ embedder }) => answer(embedder)),
    ]);
  }

  /** The chain if it is already open, otherwise null. */
  get openChain(): Chain | null {
    return this.#chain.made;
  }

  /** Closes all parts. May be called more than once. */
  close(): Promise<void> {
    this.#closed ??= this.#owner.close();
    return this.#closed;
  }

  #localSettings(signal = new AbortController().signal): Promise<Settings> {
    return this.#local.get(signal);
  }

  /** A model for images that a program brings needs no other. */
  async #withLocalModel(signal: AbortSignal): Promise<Settings> {
    return this.own.embedder === undefined ? withLocalModel(this.settings, this.hooks.onModelFetch, signal) : this.settings;
  }

  async #openChain(signal: AbortSignal): Promise<Chain> {
    const [decoder, opened] = await Promise.all([this.#decoder.get(signal), this.#embedder.get(signal)]);
    checkDimension(opened, this.settings);
    const { preprocessing, preprocessor } = await openPreprocessing(this.settings, opened, signal);
    if (preprocessor !== null) this.#owner.adopt(preprocessor);
    const watched = new WatchedEmbedder(opened, () => this.passports.doubt(chain));
    this.#queue = new EmbedderQueue(watched, () => Math.max(opened.feed.parallel, this.#batchesOfRuns), this.openCalls);
    const embedder = this.#queue.forRequests;
    const chain: Chain = { decoder, embedder, preprocessor, preprocessing, normalize: this.settings.embedder.normalize ? "l2" : "none" };
    return chain;
  }

  /** Waits for a part. Checks before and after waiting that the pipeline is not closed, so that no closed part is returned. */
  async #lend<T>(part: Shared<T>, signal: AbortSignal): Promise<T> {
    this.#assertOpen();
    const opened = await part.get(signal);
    this.#assertOpen();
    return opened;
  }

  #assertOpen(): void {
    if (this.#closed !== undefined)
      throw new HeadraceError("usage_invalid", "pipeline call: expected an open pipeline, found a closed one", {
        hint: "Open a new pipeline.",
      });
  }
}

/** Throws `config_conflict` if the configured dimension differs from the embedder's. */
function checkDimension({ dimension, label }: Embedder, { milvus }: Settings): void {
  const expected = milvus?.embeddingDim ?? dimension;
  if (expected === dimension) return;
  throw new HeadraceError("config_conflict", `${label}: expected milvus.embedding_dim ${expected}, found vectors of ${dimension} numbers`, {
    hint: `Set milvus.embedding_dim to ${dimension} or leave it out; or use a model of that dimension.`,
  });
}
