/** Computes embeddings on one or several Triton Inference Servers. */
import {
  type Embedder,
  type Feed,
  type Finding,
  HeadraceError,
  type ModelTensors,
  type ServerUse,
  type Slab,
  type TensorSpec,
  type Vectors,
} from "../../contracts/index.js";
import { checkAborted, type PresetName, rowBytes, SlabPool, takeBuffer } from "../../kit/index.js";
import { commonSettings } from "./connect.js";
import { declarationOf } from "./declaration.js";
import { findingsOf } from "./diagnose.js";
import { type Endpoint, Endpoints } from "./endpoints.js";
import { requestToTriton } from "./errors.js";
import { Inference } from "./inference.js";
import { establish, type Link, type LinkSettings, reestablish } from "./link.js";
import type { ModelExpectation } from "./model.js";
import { type TritonEmbedderOptions, type TritonSection, tritonSection } from "./options.js";
import { SameModel } from "./sameness.js";
import { serverUse } from "./server-use.js";
import { parseAddress } from "./transport/address.js";
import { readSecurity, type Security } from "./transport/security.js";

interface Opened {
  readonly plan: Link["plan"];
  readonly feed: Feed;
  readonly slabs: SlabPool;
  readonly sameModel: SameModel;
  readonly inference: Inference;
}

/** Time limit for reading the model's description from one server, during `open`. */
const openTimeoutMs = 30_000;
const readyTimeoutMs = 2_000;

/** The embedder opens no connection before `open` is called. */
export function tritonEmbedder(options: TritonEmbedderOptions): TritonEmbedder {
  return new TritonEmbedder(options);
}

/**
 * Read `input`, `dimension`, `feed` and `label` only after `open`. `embed` sends no batch to a server that is unavailable. `embed` throws
 * `embedder_unavailable` only when all servers are unavailable.
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

  /** The preprocessing preset that the model's config.pbtxt names. Null when config.pbtxt names no preset. */
  get preset(): PresetName | null {
    return this.#ready().plan.preset;
  }

  get feed(): Feed {
    return this.#ready().feed;
  }

  get tensors(): ModelTensors | null {
    const link = this.#endpoints?.all.find(({ link: each }) => each !== null)?.link;
    return link == null ? null : { ...declarationOf(link.description), embedding: link.plan.outputName };
  }

  get label(): string {
    const links = this.transports;
    const kinds = [...new Set(links.map(({ transport }) => transport))].join(", ");
    const versions = [...new Set((this.#endpoints?.all ?? []).flatMap(({ link }) => link?.trust.versions ?? []))].join(", ");
    const model = `${this.#options.modelName}${versions === "" ? "" : ` version ${versions}`}`;
    return `${model}, Triton ${links.map(({ server }) => server).join(", ")} (${kinds || "not connected"})`;
  }

  /** How tensors travel to each connected server, and why that transport was chosen. */
  get transports(): readonly { readonly server: string; readonly transport: "http" | "grpc" | "shm"; readonly reason: string }[] {
    return (this.#endpoints?.all ?? []).flatMap(({ address, link }) =>
      link === null ? [] : [{ server: address.text, transport: link.connection.kind, reason: link.reason }],
    );
  }

  /**
   * Reads the model's description from every server and runs one inference on every server. Throws `config_invalid`, `model_mismatch` or
   * `model_invalid` with a message that names the setting to change. Throws `embedder_unavailable` when no server answers.
   */
  async open(signal: AbortSignal): Promise<void> {
    const { url, urls } = this.#options;
    const addresses = (urls ?? [url]).map(parseAddress);
    this.#security = readSecurity(this.#options, addresses);
    const endpoints = new Endpoints(addresses, { notify: this.#notify, reconnect: (endpoint, stop) => this.#reconnect(endpoint, stop) });
    this.#endpoints = endpoints;
    try {
      const errors = (await Promise.all(endpoints.all.map((endpoint) => this.#connect(endpoint, endpoints, signal)))).filter(
        (error) => error !== null,
      );
      checkAborted(signal, requestToTriton);
      const fatal = errors.find(({ scope }) => scope !== "service") ?? (errors.length === addresses.length ? errors[0] : undefined);
      if (fatal !== undefined) throw fatal;
      this.#opened = this.#unite(endpoints);
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
    // After an error, the buffer is not reused, because an aborted request may still be reading the buffer.
    const values = await this.#endpoints!.run(signal, (link, endpoint, stop) => inference.run(rows, bytes, link, endpoint, stop));
    slabs.giveBack(buffer);
    return { dimension: plan.dimension, values };
  }

  async serverUse(signal: AbortSignal): Promise<ServerUse | null> {
    const connected = (this.#endpoints?.all ?? []).flatMap(({ address, link, away }) =>
      link === null || away !== null ? [] : [{ address, link }],
    );
    return await serverUse(connected, this.#options.metricsPort, signal);
  }

  async diagnose(): Promise<readonly Finding[]> {
    return (this.#endpoints?.all ?? []).flatMap(({ address, link, away }) => findingsOf({ address, link, away: away?.error ?? null }));
  }

  notices(): readonly string[] {
    return this.#notices.splice(0);
  }

  async close(): Promise<void> {
    await this.#endpoints?.close();
    this.#opened = null;
  }

  async #connect(endpoint: Endpoint, endpoints: Endpoints, signal: AbortSignal): Promise<HeadraceError | null> {
    try {
      endpoint.link = await establish(endpoint.address, this.#settings(Math.min(openTimeoutMs, this.#timeoutMs)), signal);
      return null;
    } catch (error) {
      const known = HeadraceError.from(error);
      endpoints.markAway(endpoint, known);
      return known;
    }
  }

  /** Checks that all connected servers serve the same model. The smallest maximum batch size among the servers applies to all of them. */
  #unite(endpoints: Endpoints): Opened {
    const connected = endpoints.all.flatMap(({ address, link }) => (link === null ? [] : [{ address, link }]));
    const smallest = connected.reduce((a, b) => (b.link.plan.maxBatch < a.link.plan.maxBatch ? b : a));
    const sameModel = new SameModel(this.#options.modelName, smallest);
    for (const server of connected) sameModel.check(server);
    const { plan } = smallest.link;
    const parallel = endpoints.all.reduce((sum, { link }) => sum + this.#requests(link?.description.instances ?? 1), 0);
    const feed = { preferredBatch: plan.preferredBatch, maxBatch: plan.maxBatch, parallel };
    const inference = new Inference({
      sameModel,
      modelName: this.#options.modelName,
      timeoutMs: this.#timeoutMs,
      readyTimeoutMs,
      notify: this.#notify,
    });
    return { plan, feed, slabs: new SlabPool(rowBytes(plan.input), plan.preferredBatch, parallel * 2), sameModel, inference };
  }

  /** Connects to a server that was unavailable. The server must serve the same model as the servers that were connected in `open`. */
  async #reconnect({ address, link }: Endpoint, signal: AbortSignal): Promise<Link> {
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

  readonly #notify = (message: string): void => {
    this.#notices.push(message);
  };

  #settings(answerTimeoutMs: number): LinkSettings {
    const { modelName, modelVersion, keepaliveMs } = this.#options;
    const common = commonSettings(this.#options, this.#security!);
    return {
      ...common,
      ...(keepaliveMs === undefined ? {} : { keepaliveMs }),
      modelName,
      modelVersion,
      modelSetting: "triton.model_name",
      expected: this.#expectation(),
      parallelOf: (instances) => this.#requests(instances) * (this.#options.urls?.length ?? 1),
      answerTimeoutMs,
    };
  }

  #expectation(): ModelExpectation {
    const { inputName, outputName, expect } = this.#options;
    return { imageSize: null, dtype: null, layout: null, dimension: null, batchSize: null, ...expect, inputName, outputName };
  }

  get #timeoutMs(): number {
    return this.#options.timeout * 1000;
  }

  /** Concurrent requests to a server whose model has this number of instances. */
  #requests(instances: number): number {
    const { inflight = 2, minWorkers = 1 } = this.#options;
    return inflight * Math.max(minWorkers, instances);
  }

  #ready(): Opened {
    if (this.#opened !== null) return this.#opened;
    throw new HeadraceError("contract_broken", "triton embedder: expected open() before any other call, found a closed embedder");
  }
}
