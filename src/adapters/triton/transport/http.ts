/** Speaks the KServe v2 protocol over HTTP. Tensors are sent as raw bytes after the JSON header. */
import type { Pool } from "undici";
import * as z from "zod";
import { isWithheld, missingPackage, type Refusal, type Target, translateBroken, translateRefusal } from "../errors.js";
import { type Address, originOf } from "./address.js";
import {
  configShape,
  indexShape,
  inferHeaderShape,
  joinDescription,
  joinStatistics,
  metadataShape,
  statisticsShape,
} from "./response-schemas.js";
import type { Security } from "./security.js";
import type { Connection, InferAnswer, InferInput, InferRequest, ModelDescription, ModelStatistics } from "./transport.js";

export interface HttpOptions {
  readonly address: Address;
  readonly modelName: string;
  readonly modelVersion: string | null;
  readonly connectTimeoutMs: number;
  readonly security: Security;
}

/** A request whose input tensor is in shared memory instead of the request body. */
export interface SharedRequest {
  readonly input: Omit<InferInput, "bytes">;
  readonly outputName: string;
  readonly region: string;
  readonly byteLength: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

const headerLength = "inference-header-content-length";

export class HttpConnection implements Connection {
  readonly kind = "http";
  readonly #pool: Pool;
  readonly #options: HttpOptions;
  readonly #target: Target;
  readonly #modelPath: string;
  #losses = 0;

  private constructor(pool: Pool, options: HttpOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#target = { server: options.address.text, model: options.modelName };
    const version = options.modelVersion === null ? "" : `/versions/${encodeURIComponent(options.modelVersion)}`;
    this.#modelPath = `/v2/models/${encodeURIComponent(options.modelName)}${version}`;
    pool.on("disconnect", () => {
      this.#losses += 1;
    });
  }

  /** Opens no connection: the first request does. Throws `part_missing` when undici is not installed. */
  static async create(options: HttpOptions): Promise<HttpConnection> {
    const { Pool } = await import("undici").catch((error: unknown) => {
      throw missingPackage("undici", error);
    });
    const pool = new Pool(originOf(options.address), {
      pipelining: 1,
      keepAliveTimeout: 30_000,
      connect: { timeout: options.connectTimeoutMs, ...tlsOf(options.security) },
      // 0 turns off undici's time limits, because every request has its own deadline.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return new HttpConnection(pool, options);
  }

  async describe(signal: AbortSignal): Promise<ModelDescription> {
    const [metadata, config] = await Promise.all([
      this.#json(this.#modelPath, metadataShape, signal),
      this.#json(`${this.#modelPath}/config`, configShape, signal).catch(withheldAsNull),
    ]);
    return joinDescription(metadata, config);
  }

  get losses(): number {
    return this.#losses;
  }

  /** Does nothing, because undici itself closes the connection of a failed request. */
  renew(): void {}

  async ready(signal: AbortSignal): Promise<void> {
    const { status } = await this.#exchange("GET", `${this.#modelPath}/ready`, null, {}, signal);
    if (status >= 300) throw translateRefusal({ kind: "away", status: String(status), message: "the model is not ready" }, this.#target);
  }

  async infer(request: InferRequest, signal: AbortSignal): Promise<InferAnswer> {
    const inputs = request.inputs.map(({ bytes, ...input }) => ({ ...input, parameters: { binary_data_size: bytes.byteLength } }));
    const header = requestHeader(inputs, request.outputName);
    const body = [header, ...request.inputs.map(({ bytes }) => bytes)];
    return await this.#infer(body, { [headerLength]: String(header.byteLength), "content-length": String(byteLength(body)) }, signal);
  }

  async inferShared({ input, outputName, region, byteLength: size }: SharedRequest, signal: AbortSignal): Promise<InferAnswer> {
    const parameters = { shared_memory_region: region, shared_memory_byte_size: size };
    const header = requestHeader([{ ...input, parameters }], outputName);
    return await this.#infer([header], { [headerLength]: String(header.byteLength) }, signal);
  }

  async statistics(signal: AbortSignal): Promise<ModelStatistics> {
    return joinStatistics(await this.#json(`${this.#modelPath}/stats`, statisticsShape, signal));
  }

  async models(signal: AbortSignal): Promise<readonly { name: string; state: string; reason: string }[]> {
    const answer = await this.request("POST", "/v2/repository/index", "{}", signal);
    return this.#parse(answer, indexShape);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async request(method: "GET" | "POST", path: string, body: string | null, signal: AbortSignal): Promise<Uint8Array> {
    return (await this.#send(method, path, body, body === null ? {} : { "content-type": "application/json" }, signal)).body;
  }

  async #infer(body: readonly Uint8Array[], headers: Record<string, string>, signal: AbortSignal): Promise<InferAnswer> {
    const all = { ...headers, "content-type": "application/octet-stream" };
    return readAnswer(await this.#send("POST", `${this.#modelPath}/infer`, body, all, signal), this.#target);
  }

  async #json<T>(path: string, shape: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    return this.#parse(await this.request("GET", path, null, signal), shape);
  }

  #parse<T>(body: Uint8Array, shape: z.ZodType<T>): T {
    const parsed = shape.safeParse(parseJson(body));
    if (parsed.success) return parsed.data;
    throw translateRefusal(
      { kind: "missing", status: "", message: `JSON outside the KServe v2 protocol: ${z.prettifyError(parsed.error)}` },
      this.#target,
    );
  }

  async #send(
    method: "GET" | "POST",
    path: string,
    body: string | readonly Uint8Array[] | null,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const answer = await this.#exchange(method, path, body, headers, signal);
    if (answer.status >= 300) throw translateRefusal(refusalOf(answer), this.#target);
    return answer;
  }

  async #exchange(
    method: "GET" | "POST",
    path: string,
    body: string | readonly Uint8Array[] | null,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Answer> {
    try {
      const response = await this.#pool.request({
        method,
        path: `${this.#options.address.path}${path}`,
        headers: { ...this.#options.security.headers, ...headers },
        // undici accepts any iterable of chunks as a request body, but undici's types do not allow an iterable of chunks.
        body: body as string | null,
        signal,
      });
      return { status: response.statusCode, headers: response.headers, body: new Uint8Array(await response.body.arrayBuffer()) };
    } catch (error) {
      throw translateBroken(error, this.#target);
    }
  }
}

interface HeaderInput extends Omit<InferInput, "bytes"> {
  readonly parameters: Readonly<Record<string, string | number>>;
}

function requestHeader(inputs: readonly HeaderInput[], outputName: string): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ inputs, outputs: [{ name: outputName, parameters: { binary_data: true } }] }));
}

function readAnswer({ headers, body }: Answer, target: Target): InferAnswer {
  const length = Number(headers[headerLength] ?? Number.NaN);
  const header = Number.isInteger(length) ? inferHeaderShape.safeParse(parseJson(body.subarray(0, length))) : null;
  const output = header?.data?.outputs[0];
  if (header?.data === undefined || output === undefined) {
    throw translateRefusal({ kind: "missing", status: "", message: "no output as binary data" }, target);
  }
  const bytes = body.subarray(length, length + output.parameters.binary_data_size);
  return { datatype: output.datatype, shape: output.shape, bytes, version: header.data.model_version };
}

function withheldAsNull(error: unknown): null {
  if (isWithheld(error)) return null;
  throw error;
}

function tlsOf({ ca, cert, key, serverName }: Security) {
  return {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    ...(serverName === null ? {} : { servername: serverName }),
  };
}

/** Classifies an error answer. Triton's own error answers have the body `{"error": …}`. Any other body comes from a proxy. */
function refusalOf({ status, headers, body }: Answer): Refusal {
  const json = parseJson(body) as { error?: unknown } | undefined;
  const tritonError = typeof json?.error === "string" ? json.error : null;
  const message = tritonError ?? new TextDecoder().decode(body.subarray(0, 200)).replace(/\s+/g, " ").trim();
  const refusal = (kind: Refusal["kind"]): Refusal => ({ kind, message, status: String(status) });
  const retryAfterMs = retryAfter(headers["retry-after"]);
  if (status === 429 || (status === 503 && (tritonError !== null || retryAfterMs !== null))) {
    return { ...refusal("busy"), ...(retryAfterMs === null ? {} : { retryAfterMs }) };
  }
  if (status === 413) return refusal("too large");
  if (status === 401 || status === 403) return refusal("forbidden");
  if (tritonError === null) return refusal(status >= 500 ? "away" : "missing");
  if (status === 502 || status === 504) return refusal("away");
  return refusal(status === 500 ? "failed" : "invalid");
}

/** Parses a Retry-After header, which contains seconds or a date. Returns the milliseconds from now. */
function retryAfter(value: string | string[] | undefined): number | null {
  if (typeof value !== "string") return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function byteLength(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}
