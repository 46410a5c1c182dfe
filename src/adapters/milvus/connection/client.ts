/** One connection to Milvus. Every call has a deadline and an abort signal. An answer with an error status is thrown as an error. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import type { MilvusClient } from "@zilliz/milvus2-sdk-node";
import type protobufModule from "protobufjs";
import type { Writer } from "protobufjs";
import { type ErrorCode, HeadraceError } from "../../../contracts/index.js";
import { abortedError, checkAborted, inTime, listenForAbort } from "../../../kit/index.js";
import {
  type Endpoint,
  fromStatus,
  fromThrown,
  isForbidden,
  isUnimplemented,
  type MilvusStatus,
  milvusMissing,
  succeeded,
  timedOut,
} from "../errors.js";
import { addressOf, type MilvusSection } from "../options.js";

type Sdk = typeof import("@zilliz/milvus2-sdk-node");

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The error code when Milvus refuses the call for a reason that Headrace does not recognize. Default `unexpected`. */
  readonly fallback?: ErrorCode;
}

/** `import` would also search the many modules of the SDK for their exports, which takes a third longer. */
const load = createRequire(import.meta.url);
const upsertPath = "/milvus.proto.milvus.MilvusService/Upsert";

export class MilvusConnection {
  private constructor(
    readonly sdk: Sdk,
    readonly client: MilvusClient,
    /** Makes a protobuf writer, for requests that are encoded without the SDK. */
    readonly newWriter: () => Writer,
    readonly timeoutMs: number,
    /** How long background work of the server may make no progress before a call that waits for it fails. */
    readonly maxStallMs: number,
    readonly endpoint: Endpoint,
    readonly headers: Readonly<Record<string, string>>,
  ) {}

  /**
   * Connects, then lists the collections to test the connection. Throws `part_missing` when the SDK is not installed. Any other error names
   * the setting that is wrong.
   */
  static async open(options: MilvusSection, signal: AbortSignal): Promise<MilvusConnection> {
    const { sdk, newWriter } = loadSdk();
    const { host, port, secure, database } = addressOf(options);
    const from = options.uri === null ? "milvus.host, milvus.port" : "milvus.uri";
    const endpoint: Endpoint = { address: `${host}:${port}`, database, from };
    checkFiles({ ...options, secure });
    const timeoutMs = options.timeout * 1000;
    const credentials = { token: options.token ?? "", username: options.user ?? "", password: options.password ?? "" };
    const client = new sdk.MilvusClient({
      address: endpoint.address,
      ...credentials,
      ...(database === null ? {} : { database }),
      ...(secure ? { ssl: true, tls: tlsOf(options) } : {}),
      timeout: timeoutMs,
      maxRetries: 0,
      telemetry: { enabled: false },
    });
    const authorization = sdk.getAuthString(credentials);
    const headers = {
      dbname: database ?? "default",
      ...(authorization === "" ? {} : { authorization }),
    };
    const connection = new MilvusConnection(sdk, client, newWriter, timeoutMs, options.maxStall * 1000, endpoint, headers);
    try {
      await connection.#race("connect", client.connectPromise, signal);
      await connection.call("list collections", (milvus) => milvus.showCollections(), { signal });
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  /** Runs one SDK call. An answer that arrives after the deadline or after the abort is ignored. */
  async call<T>(what: string, request: (client: MilvusClient) => Promise<T>, options: CallOptions = {}): Promise<T> {
    checkAborted(options.signal, what);
    const answer = await this.#race(what, request(this.client), options.signal, options.fallback);
    const status = statusOf(answer);
    if (!succeeded(status)) throw fromStatus(what, status, this.endpoint, options.fallback);
    return answer;
  }

  /**
   * Sends an encoded upsert request over the SDK's gRPC channel. Of the SDK's interceptors, only the one for headers is used: the others
   * would format the request as JSON.
   */
  async sendUpsert(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    checkAborted(signal, "upsert");
    const channel = await this.client.channelPool.acquire();
    const interceptors = [this.sdk.getMetaInterceptor(() => undefined, [this.headers])];
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        const abort = () => call.cancel();
        const call = channel.makeUnaryRequest<Uint8Array, Uint8Array>(
          upsertPath,
          (bytes) => bytes as Buffer,
          (bytes) => bytes,
          body,
          { deadline: Date.now() + this.timeoutMs, interceptors },
          (error, answer) => {
            signal.removeEventListener("abort", abort);
            if (error !== null) reject(signal.aborted ? abortedError(signal, "upsert") : error);
            else resolve(answer!);
          },
        );
        listenForAbort(signal, abort);
      });
    } finally {
      await this.client.channelPool.release(channel);
    }
  }

  /**
   * Returns a moment of the server's clock, as Milvus writes its timestamps. It is later than every write that Milvus has acknowledged
   * before. Null if the server does not tell it.
   */
  async now(signal?: AbortSignal): Promise<bigint | null> {
    const channel = await this.client.channelPool.acquire();
    const options = {
      deadline: new Date(Date.now() + this.timeoutMs),
      interceptors: [this.sdk.getMetaInterceptor(() => undefined, [this.headers])],
    };
    try {
      const { timestamp } = await this.call("timestamp", () => allocateTimestamp(channel as unknown as TimestampService, options), {
        signal,
      });
      return BigInt(timestamp);
    } catch (error) {
      if (HeadraceError.is(error) && (isUnimplemented(error.cause) || isForbidden(error))) return null;
      throw error;
    } finally {
      await this.client.channelPool.release(channel);
    }
  }

  async close(): Promise<void> {
    await this.client.closeConnection();
  }

  async #race<T>(what: string, answer: Promise<T>, signal?: AbortSignal, fallback?: ErrorCode): Promise<T> {
    const late = () => timedOut(what, this.endpoint);
    try {
      return await inTime(answer, { call: what, signal, timeoutMs: this.timeoutMs + 500, late });
    } catch (error) {
      throw fromThrown(what, error, this.endpoint, fallback);
    }
  }
}

/** A call of Milvus that the SDK's own client has no method for. */
interface TimestampService {
  AllocTimestamp(request: object, options: object, done: (error: Error | null, answer: TimestampAnswer) => void): void;
}

interface TimestampAnswer {
  readonly status: MilvusStatus;
  readonly timestamp: string;
}

function allocateTimestamp(service: TimestampService, options: object): Promise<TimestampAnswer> {
  return new Promise((resolve, reject) => {
    service.AllocTimestamp({}, options, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

function loadSdk(): { readonly sdk: Sdk; readonly newWriter: () => Writer } {
  try {
    const sdk: Sdk = load("@zilliz/milvus2-sdk-node");
    const protobuf: typeof protobufModule = load("protobufjs/minimal.js");
    return { sdk, newWriter: () => protobuf.Writer.create() };
  } catch (cause) {
    throw milvusMissing(cause);
  }
}

function statusOf(answer: unknown): MilvusStatus {
  const { status } = answer as { status?: MilvusStatus };
  return typeof status === "object" && status !== null ? status : (answer as MilvusStatus);
}

function tlsOf(options: MilvusSection) {
  return {
    ...(options.caFile === null ? {} : { rootCertPath: options.caFile }),
    ...(options.certFile === null ? {} : { certChainPath: options.certFile }),
    ...(options.keyFile === null ? {} : { privateKeyPath: options.keyFile }),
    ...(options.serverName === null ? {} : { serverName: options.serverName }),
  };
}

/** Refuses TLS settings while `milvus.secure` is false, because the connection would be less secure than the configuration suggests. */
function checkFiles({ secure, caFile, certFile, keyFile, serverName }: MilvusSection): void {
  const files = { ca_file: caFile, cert_file: certFile, key_file: keyFile };
  for (const [setting, value] of Object.entries({ ...files, server_name: serverName })) {
    if (value !== null && !secure) throw new HeadraceError("config_conflict", `milvus.${setting}: expected milvus.secure, found false`);
  }
  if ((certFile === null) !== (keyFile === null)) {
    throw new HeadraceError("config_conflict", "milvus.cert_file, milvus.key_file: expected both or neither, found one of them");
  }
  for (const [setting, file] of Object.entries(files)) {
    if (file !== null && !existsSync(file)) {
      throw new HeadraceError("config_invalid", `milvus.${setting}: expected a PEM file, found no file ${file}`);
    }
  }
}
