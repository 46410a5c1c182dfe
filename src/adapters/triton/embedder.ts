/** Embeds on one or several Triton Inference Servers. */
import { type Embedder, type Feed, type Finding, HeadraceError, type Slab, type TensorSpec, type Vectors } from "../../contracts/index.js";
import { checkAborted, type PresetName, rowBytes, SlabPool, takeBuffer } from "../../kit/index.js";
import { parseAddress } from "./address.js";
import { findingsOf } from "./diagnose.js";
import { type Endpoint, Endpoints } from "./endpoints.js";
import { requestToTriton } from "./errors.js";
import { Inference } from "./inference.js";
import { establish, type Link, type LinkSettings, reestablish } from "./link.js";
import type { ModelExpectation } from "./model.js";
import { type TritonEmbedderOptions, type TritonSection, tritonSection } from "./options.js";
import { SameModel } from "./sameness.js";
import { readSecurity, type Security } from "./transport/security.js";

interface Opened {
  readonly plan: Link["plan"];
  readonly feed: Feed;
  readonly slabs: SlabPool;
  readonly sameModel: SameModel;
  readonly inference: Inference;
}

/** For questions that need no inference, at first and when a server was away. */
const openTimeoutMs = 30_000;
const readyTimeoutMs = 2_000;
/** By default Triton cuts a connection that asks more than three times during one request. */
const keepaliveMs = 20_000;
const keepalivesInTimeout = 3;

/** Nothing is connected before `open`. */
export function tritonEmbedder(options: TritonEmbedderOptions): TritonEmbedder {
  return new TritonEmbedder(options);
}

/**
 * `input`, `dimension`, `feed` and `label` are known after `open`. A server that is away is left out while another one
 * works; only when all are away, `embed` throws `embedder_unavailable`.
 */
export class TritonEmbedder implements Embedder {
  readonly name = "triton";
  readonly #options: TritonSection & TritonEmbedderOptions;
  #endpoints: Endpoints | null = null;
  #security: Security | null = null;
  #opened: Opened | null = null;
  #notices: string[] = [];

  constructor(options: TritonEmbedderOptions = {}) {
    this.#options = { ...tritonSection.parse({}), ...options };
  }

  get input(): TensorSpec {
    return this.#ready().plan.input;
  }

  get dimension(): number {
    return this.#ready().plan.dimension;
  }

  /** Null when the model's config.pbtxt does not say it. */
  get preset(): PresetName | null {
    return this.#ready().plan.preset;
  }

  get feed(): Feed {
    return this.#ready().feed;
  }

  get label(): string {
    const links = this.transports;
    const ways = [...new Set(links.map(({ transport }) => transport))].join(", ");
    const versions = [...new Set((this.#endpoints?.all ?? []).flatMap(({ link }) => link?.trust.versions ?? []))].join(", ");
    const model = `${this.#options.modelName}${versions === "" ? "" : ` version ${versions}`}`;
    return `${model}, Triton ${links.map(({ server }) => server).join(", ")} (${ways || "not reached"})`;
  }

  /** How tensors travel to each server that was reached, and why. */
  get transports(): readonly { readonly server: string; readonly transport: "http" | "grpc" | "shm"; readonly reason: string }[] {
    return (this.#endpoints?.all ?? []).flatMap(({ address, link }) =>
      link === null ? [] : [{ server: address.text, transport: link.connection.kind, reason: link.reason }],
    );
  }

  /**
   * Reads the model's contract from every server, and makes a real inference on each. Throws `config_invalid`, `model_mismatch`,
   * `model_invalid` with the setting to change, and `embedder_unavailable` when no server answers.
   */
  async open(signal: AbortSignal): Promise<void> {
    const { url, urls } = this.#options;
    const addresses = (urls ?? [url]).map(parseAddress);
    this.#security = readSecurity(this.#options, addresses);
    const endpoints = new Endpoints(addresses, { tell: this.#tell, revive: (endpoint, stop) => this.#revive(endpoint, stop) });
    this.#endpoints = endpoints;
    try {
      const errors = (await Promise.all(endpoints.all.map((endpoint) => this.#reach(endpoint, endpoints, signal)))).filter(
        (error) => error !== null,
      );
      checkAborted(signal, requestToTriton);
      const fatal = errors.find(({ scope }) => scope !== "service") ?? (errors.length === addresses.length ? errors[0] : undefined);
      if (fatal !== undefined) throw fatal;
      this.#opened = this.#settle(endpoints);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    const { inference } = this.#ready();
    await this.#endpoints!.run(signal, (link, endpoint, stop) => inference.check(link, endpoint, stop));
  }

  lease(rows: number): Slab {
    const { slabs, feed } = this.#ready();
    if (rows >= 1 && rows <= feed.maxBatch) return slabs.lease(rows);
    throw new HeadraceError("contract_broken", `${this.label}: expected a batch of 1 to ${feed.maxBatch} rows, found ${rows}`);
  }

  async embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    const { plan, slabs, inference } = this.#ready();
    const { rows, bytes } = slab;
    const buffer = takeBuffer(slab);
    // A request that ended early may still be on its way out of this buffer: then it is left to the garbage collector.
    const values = await this.#endpoints!.run(signal, (link, endpoint, stop) => inference.run(rows, bytes, link, endpoint, stop));
    slabs.giveBack(buffer);
    return { dimension: plan.dimension, values };
  }

  async diagnose(): Promise<readonly Finding[]> {
    const { feed } = this.#ready();
    return (this.#endpoints?.all ?? []).flatMap(({ address, link, away }) =>
      findingsOf({ address, link, away: away?.error ?? null, feed }),
    );
  }

  notices(): readonly string[] {
    return this.#notices.splice(0);
  }

  async close(): Promise<void> {
    await this.#endpoints?.close();
    this.#opened = null;
  }

  async #reach(endpoint: Endpoint, endpoints: Endpoints, signal: AbortSignal): Promise<HeadraceError | null> {
    try {
      endpoint.link = await establish(endpoint.address, this.#settings(Math.min(openTimeoutMs, this.#timeoutMs)), signal);
      return null;
    } catch (error) {
      const known = HeadraceError.from(error);
      endpoints.markAway(endpoint, known);
      return known;
    }
  }

  /** The common plan of all servers that were reached. */
  #settle(endpoints: Endpoints): Opened {
    const reached = endpoints.all.flatMap(({ address, link }) => (link === null ? [] : [{ address, link }]));
    const smallest = reached.reduce((a, b) => (b.link.plan.maxBatch < a.link.plan.maxBatch ? b : a));
    const sameModel = new SameModel(this.#options.modelName, smallest);
    for (const server of reached) sameModel.check(server);
    const { plan } = smallest.link;
    const parallel = this.#parallel();
    const feed = { preferredBatch: plan.preferredBatch, maxBatch: plan.maxBatch, parallel };
    const inference = new Inference({
      sameModel,
      modelName: this.#options.modelName,
      timeoutMs: this.#timeoutMs,
      readyTimeoutMs,
      tell: this.#tell,
    });
    return { plan, feed, slabs: new SlabPool(rowBytes(plan.input), plan.preferredBatch, parallel * 2), sameModel, inference };
  }

  /** Reaches a server that was away, and compares it before it gets a batch. */
  async #revive({ address, link }: Endpoint, signal: AbortSignal): Promise<Link> {
    const settings = this.#settings(readyTimeoutMs);
    const found = await (link === null ? establish(address, settings, signal) : reestablish(link, address, settings, signal));
    try {
      this.#ready().sameModel.check({ address, link: found });
    } catch (error) {
      if (link === null) await found.connection.close();
      throw error;
    }
    return found;
  }

  readonly #tell = (message: string): void => {
    this.#notices.push(message);
  };

  #settings(answerTimeoutMs: number): LinkSettings {
    const { transport, modelName, modelVersion } = this.#options;
    return {
      transport,
      modelName,
      modelVersion,
      expected: this.#expectation(),
      parallel: this.#parallel(),
      timeoutMs: this.#timeoutMs,
      answerTimeoutMs,
      keepaliveMs: this.#options.keepaliveMs ?? Math.max(keepaliveMs, this.#timeoutMs / keepalivesInTimeout),
      security: this.#security!,
    };
  }

  #expectation(): ModelExpectation {
    const { inputName, outputName, expect } = this.#options;
    return { imageSize: null, dtype: null, layout: null, dimension: null, batchSize: null, ...expect, inputName, outputName };
  }

  get #timeoutMs(): number {
    return this.#options.timeout * 1000;
  }

  #parallel(): number {
    const { urls, inflight = 2 } = this.#options;
    return inflight * (urls?.length ?? 1);
  }

  #ready(): Opened {
    if (this.#opened !== null) return this.#opened;
    throw new HeadraceError("contract_broken", "triton embedder: expected open() before its use, found it not opened");
  }
}
