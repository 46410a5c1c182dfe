/** Embeds on one or several Triton Inference Servers. */
import { type Embedder, type Feed, type Finding, HeadraceError, type Slab, type TensorSpec, type Vectors } from "../../contracts/index.js";
import { type PresetName, rowBytes, SlabPool, takeBuffer } from "../../kit/index.js";
import { type Address, parseAddress } from "./address.js";
import { throwIfAborted, withDeadline } from "./deadline.js";
import { findingsOf } from "./diagnose.js";
import { type Endpoint, Endpoints } from "./endpoints.js";
import { translateLate } from "./errors.js";
import { establish, type Link, type LinkSettings, probe } from "./link.js";
import { describePlan, inferRequest, type ModelExpectation, type ModelPlan, planModel } from "./model.js";
import type { TritonEmbedderOptions } from "./options.js";
import { readVectors } from "./output.js";
import type { ModelStatistics } from "./transport.js";

interface Opened {
  readonly plan: Link["plan"];
  readonly feed: Feed;
  readonly slabs: SlabPool;
}

/** Opening asks for two descriptions and two inferences; a model may still be warming up. */
const openTimeoutMs = 30_000;
const probeTimeoutMs = 2_000;

/**
 * `input`, `dimension`, `feed` and `label` are known after `open`. A server that is away is left out while another one
 * works; only when all are away, `embed` throws `embedder_unavailable`.
 */
export class TritonEmbedder implements Embedder {
  readonly name = "triton";
  readonly #options: TritonEmbedderOptions;
  readonly #timeoutMs: number;
  #endpoints: Endpoints | null = null;
  #opened: Opened | null = null;

  constructor(options: TritonEmbedderOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
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
    return `${this.#options.modelName}, Triton ${links.map(({ server }) => server).join(", ")} (${ways || "not reached"})`;
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
    const addresses = (this.#options.urls ?? ["localhost:8000"]).map(parseAddress);
    const endpoints = new Endpoints(addresses, { probeTimeoutMs, revive: (endpoint, stop) => this.#revive(endpoint, stop) });
    this.#endpoints = endpoints;
    try {
      const errors = (await Promise.all(endpoints.all.map((endpoint) => this.#reach(endpoint, endpoints, signal)))).filter(
        (error) => error !== null,
      );
      throwIfAborted(signal);
      const fatal = errors.find(({ scope }) => scope !== "service") ?? (errors.length === addresses.length ? errors[0] : undefined);
      if (fatal !== undefined) throw fatal;
      this.#opened = this.#settle(endpoints);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#run(signal, async (link, { address }, stop) => {
      await probe(link.connection, link.plan, address, stop);
    });
  }

  lease(rows: number): Slab {
    const { slabs, feed } = this.#ready();
    if (rows >= 1 && rows <= feed.maxBatch) return slabs.lease(rows);
    throw new HeadraceError("contract_broken", `${this.label}: expected a batch of 1 to ${feed.maxBatch} rows, found ${rows}`);
  }

  /** `computeMs` is the time from sending to answer: what the device did of it, `statistics` tells for all requests together. */
  async embed(slab: Slab, signal: AbortSignal): Promise<Vectors> {
    const { plan, slabs } = this.#ready();
    const { rows, bytes } = slab;
    const buffer = takeBuffer(slab);
    const request = inferRequest(plan, rows, bytes);
    // A request that ended early may still be on its way out of this buffer: then it is left to the garbage collector.
    const vectors = await this.#run(signal, async (link, { address }, stop) => {
      const startedMs = performance.now();
      const answer = await link.connection.infer(request, stop);
      const read = readVectors(answer, plan, rows, `Triton ${address.text}, output ${plan.outputName}`);
      return { dimension: read.dimension, values: read.vectors, computeMs: performance.now() - startedMs };
    });
    slabs.giveBack(buffer);
    return vectors;
  }

  /** What the servers have counted since the model was loaded, all together. */
  async statistics(signal: AbortSignal): Promise<ModelStatistics> {
    const links = (this.#endpoints?.all ?? []).flatMap(({ link, away }) => (link === null || away !== null ? [] : [link]));
    const each = await Promise.all(links.map((link) => link.connection.statistics(signal)));
    const sum = (pick: (statistics: ModelStatistics) => number) => each.reduce((total, one) => total + pick(one), 0);
    return {
      rows: sum(({ rows }) => rows),
      executions: sum(({ executions }) => executions),
      requests: sum(({ requests }) => requests),
      queueMs: sum(({ queueMs }) => queueMs),
      computeMs: sum(({ computeMs }) => computeMs),
    };
  }

  async diagnose(): Promise<readonly Finding[]> {
    const { feed } = this.#ready();
    return (this.#endpoints?.all ?? []).flatMap(({ address, link, away }) =>
      findingsOf({ address, link, away: away?.error ?? null, feed }),
    );
  }

  async close(): Promise<void> {
    await this.#endpoints?.close();
    this.#opened = null;
  }

  /** One request with its deadline, on whichever server takes it. */
  async #run<T>(signal: AbortSignal, work: (link: Link, endpoint: Endpoint, signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#ready();
    const endpoints = this.#endpoints!;
    return await endpoints.run(signal, async (link, endpoint) => {
      try {
        const late = () => this.#late(endpoint, "alive");
        return await withDeadline(signal, this.#timeoutMs, (stop) => work(link, endpoint, stop), late);
      } catch (error) {
        if (HeadraceError.is(error) && error.code === "timed_out" && !(await this.#answers(link, signal)))
          throw this.#late(endpoint, "frozen");
        throw error;
      }
    });
  }

  #late(endpoint: Endpoint, server: "alive" | "frozen"): HeadraceError {
    return translateLate({ server: endpoint.address.text, model: this.#options.modelName }, this.#timeoutMs, server);
  }

  /** Whether a server that let a request time out answers anything at all. */
  async #answers(link: Link, signal: AbortSignal): Promise<boolean> {
    const late = (afterMs: number) => new HeadraceError("timed_out", `expected readiness within ${afterMs} ms`);
    return await withDeadline(signal, probeTimeoutMs, (stop) => link.connection.ready(stop), late).then(
      () => true,
      () => false,
    );
  }

  async #reach(endpoint: Endpoint, endpoints: Endpoints, signal: AbortSignal): Promise<HeadraceError | null> {
    const timeoutMs = Math.min(openTimeoutMs, this.#timeoutMs);
    const late = (afterMs: number) =>
      new HeadraceError("embedder_unavailable", `Triton ${endpoint.address.text}: expected an answer within ${afterMs} ms, found none`);
    try {
      endpoint.link = await withDeadline(signal, timeoutMs, (stop) => establish(endpoint.address, this.#settings(), stop), late);
      return null;
    } catch (error) {
      const known = HeadraceError.from(error);
      endpoints.markAway(endpoint, known);
      return known;
    }
  }

  /** The common plan of all servers that were reached. */
  #settle(endpoints: Endpoints): Opened {
    const reached = endpoints.all.flatMap(({ address, link }) => (link === null ? [] : [{ address, plan: link.plan }]));
    const smallest = reached.reduce((a, b) => (b.plan.maxBatch < a.plan.maxBatch ? b : a));
    for (const other of reached) checkSame(smallest, other);
    const { plan } = smallest;
    const parallel = this.#parallel();
    const feed = { preferredBatch: plan.preferredBatch, maxBatch: plan.maxBatch, parallel };
    return { plan, feed, slabs: new SlabPool(rowBytes(plan.input), plan.preferredBatch, parallel * 2) };
  }

  async #revive(endpoint: Endpoint, signal: AbortSignal): Promise<Link> {
    const { address, link } = endpoint;
    const { plan } = this.#ready();
    const found = link ?? (await establish(address, this.#settings(), signal));
    if (link !== null) {
      await link.connection.ready(signal);
      const description = await link.connection.describe(signal);
      const fresh = planModel(description, this.#expectation(), `Triton ${address.text}, model ${this.#options.modelName}`);
      checkSame({ address, plan }, { address, plan: { ...fresh, dimension: fresh.dimension ?? plan.dimension } });
    } else checkSame({ address, plan }, { address, plan: found.plan });
    return found;
  }

  #settings(): LinkSettings {
    const { transport = "auto", modelName, modelVersion = null } = this.#options;
    return { transport, modelName, modelVersion, expected: this.#expectation(), parallel: this.#parallel(), timeoutMs: this.#timeoutMs };
  }

  #expectation(): ModelExpectation {
    const { inputName = null, outputName = null, expect } = this.#options;
    return { imageSize: null, dtype: null, layout: null, dimension: null, ...expect, inputName, outputName };
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

interface Planned {
  readonly address: Address;
  readonly plan: ModelPlan;
}

/** Batch sizes may differ as long as b takes what a takes; what goes in and comes out must not. */
function checkSame(a: Planned, b: Planned): void {
  if (contractOf(a.plan) === contractOf(b.plan) && a.plan.maxBatch <= b.plan.maxBatch) return;
  throw new HeadraceError(
    "model_mismatch",
    `Triton ${b.address.text}: expected the model of ${a.address.text}, ${describePlan(a.plan)}; found ${describePlan(b.plan)}`,
    { hint: "All servers of triton.urls must serve the same model with the same config.pbtxt." },
  );
}

function contractOf({ inputName, outputName, input, outputType, dimension, batchDimension, preset }: ModelPlan): string {
  return JSON.stringify([inputName, outputName, input, outputType, dimension, batchDimension, preset]);
}
