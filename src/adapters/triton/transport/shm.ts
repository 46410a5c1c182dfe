/** Transport for a Triton server on this machine. Batches are passed in shared memory. Everything else is sent over HTTP. */
import * as z from "zod";
import { HeadraceError } from "../../../contracts/index.js";
import { checkAborted } from "../../../kit/index.js";
import { isRegionLost, requestToTriton } from "../errors.js";
import type { HttpConnection } from "./http.js";
import { abandonedRegions, isAbandoned, type Region, RegionPool, removeRegionFile } from "./regions.js";
import type { Connection, InferAnswer, InferRequest, ModelDescription, ModelStatistics } from "./transport.js";

export interface SharedMemoryOptions {
  /** Maximum number of shared memory regions. Each concurrent batch needs one region. */
  readonly maxRegions: number;
  /** Minimum size of a region: the bytes of a typical batch. */
  readonly minBytes: number;
  /**
   * What happens when the server or the operating system refuses a region. "http": the batch is sent over HTTP. "fail": an error is thrown.
   */
  readonly whenRefused: "http" | "fail";
}

/** Triton refuses to unregister a region while a request uses the region. The call is then repeated. */
const unregisterTries = 20;
const unregisterPauseMs = 100;
const controlTimeoutMs = 5_000;
const statusShape = z.array(z.object({ name: z.string() }));

export class SharedMemoryConnection implements Connection {
  readonly kind = "shm";
  readonly #http: HttpConnection;
  readonly #options: SharedMemoryOptions;
  readonly #regions: RegionPool;

  /** `close` also closes the HTTP connection `http`. */
  constructor(http: HttpConnection, options: SharedMemoryOptions) {
    this.#http = http;
    this.#options = options;
    this.#regions = new RegionPool({ ...options, unregister: (region) => this.#unregister(region) });
  }

  get losses(): number {
    return this.#http.losses;
  }

  renew(): void {
    this.#http.renew();
  }

  describe(signal: AbortSignal): Promise<ModelDescription> {
    return this.#http.describe(signal);
  }

  ready(signal: AbortSignal): Promise<void> {
    return this.#http.ready(signal);
  }

  statistics(signal: AbortSignal): Promise<ModelStatistics> {
    return this.#http.statistics(signal);
  }

  models(signal: AbortSignal): ReturnType<Connection["models"]> {
    return this.#http.models(signal);
  }

  /** Only for requests with one input, as those of images are. */
  async infer(request: InferRequest, signal: AbortSignal): Promise<InferAnswer> {
    const { bytes } = request.inputs[0];
    const region = await this.#acquire(bytes.byteLength, signal);
    if (region === null) return await this.#http.infer(request, signal);
    try {
      await region.write(bytes);
      checkAborted(signal, requestToTriton);
      if (!(await this.#register(region, signal))) return await this.#http.infer(request, signal);
      return await this.#inferFrom(region, request, signal);
    } finally {
      if (this.#regions.closed || !region.exists()) await this.#regions.discard(region);
      else this.#regions.giveBack(region);
    }
  }

  /**
   * Removes shared memory regions that killed processes left behind. First unregisters the regions at this server, then removes the files
   * of the regions.
   */
  async sweep(signal: AbortSignal): Promise<void> {
    const body = await this.#http.request("GET", "/v2/systemsharedmemory/status", null, signal);
    const registered = statusShape.safeParse(JSON.parse(new TextDecoder().decode(body))).data ?? [];
    for (const { name } of registered) {
      if (isAbandoned(name)) await this.#http.request("POST", regionPath(name, "unregister"), "{}", signal);
    }
    for (const name of abandonedRegions()) removeRegionFile(name);
  }

  async close(): Promise<void> {
    await this.releaseRegions();
    await this.#http.close();
  }

  /** Unregisters and removes all regions of this connection. Keeps the HTTP connection open. */
  async releaseRegions(): Promise<void> {
    await this.#regions.close();
  }

  async #acquire(bytes: number, signal: AbortSignal): Promise<Region | null> {
    try {
      return await this.#regions.acquire(bytes, signal);
    } catch (error) {
      if (HeadraceError.is(error)) throw error;
      if (this.#options.whenRefused === "http") return null;
      throw new HeadraceError(
        "embedder_unavailable",
        `shared memory: expected room for ${bytes} bytes in /dev/shm, found ${String(error)}`,
        { cause: error, hint: "Make /dev/shm larger (docker run --shm-size), or set triton.transport to http." },
      );
    }
  }

  async #inferFrom(region: Region, request: InferRequest, signal: AbortSignal): Promise<InferAnswer> {
    const { bytes, ...input } = request.inputs[0];
    const shared = { input, outputName: request.outputName, region: region.name, byteLength: bytes.byteLength };
    try {
      return await this.#http.inferShared(shared, signal);
    } catch (error) {
      if (!isRegionLost(error)) throw error;
      // The server was restarted and lost all registrations. The server refused this request before the model ran, so the request is sent
      // again.
      region.registered = false;
      if (!(await this.#register(region, signal))) return await this.#http.infer(request, signal);
      return await this.#http.inferShared(shared, signal);
    }
  }

  /** Registers the region at the server. False: the server refuses the region, so the batch must be sent over HTTP. */
  async #register(region: Region, signal: AbortSignal): Promise<boolean> {
    if (region.registered) return true;
    const body = JSON.stringify({ key: `/${region.name}`, offset: 0, byte_size: region.capacity });
    try {
      // An earlier call may have registered the region without receiving an answer. Unregistering an unknown region is harmless.
      await this.#http.request("POST", regionPath(region.name, "unregister"), "{}", signal);
      await this.#http.request("POST", regionPath(region.name, "register"), body, signal);
    } catch (error) {
      if (!HeadraceError.is(error) || error.scope === "service" || signal.aborted) throw error;
      if (this.#options.whenRefused === "http") return false;
      throw new HeadraceError("embedder_unavailable", `shared memory: expected the server to register a region, found ${error.message}`, {
        cause: error,
        hint: "Run the server as the same user or root, with access to this machine's /dev/shm and with --allow-client-shm=true if it is recent. Or set triton.transport to http.",
      });
    }
    region.registered = true;
    return true;
  }

  async #unregister(region: Region): Promise<void> {
    for (let attempt = 1; region.registered && attempt <= unregisterTries; attempt += 1) {
      try {
        await this.#http.request("POST", regionPath(region.name, "unregister"), "{}", AbortSignal.timeout(controlTimeoutMs));
        region.registered = false;
      } catch (error) {
        // A server that is down has lost all registrations. A server that still uses the region is asked again.
        if (!HeadraceError.is(error) || error.scope === "service") return;
        await new Promise((resolve) => setTimeout(resolve, unregisterPauseMs));
      }
    }
  }
}

function regionPath(name: string, verb: "register" | "unregister"): string {
  return `/v2/systemsharedmemory/region/${name}/${verb}`;
}
