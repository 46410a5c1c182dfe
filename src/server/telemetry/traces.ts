/** Traces in OpenTelemetry: which spans there are, and where they are sent. Without an address for them, nothing is loaded or recorded. */
import type { SpanContext, Tracer } from "@opentelemetry/api";
import type { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { within } from "../../kit/index.js";
import { type RequestSpan, type RequestStart, requestAttributes, startedRequest } from "./request-span.js";
import { RunSpan, type RunStart } from "./run-span.js";
import { loadOpenTelemetry, type OpenTelemetry } from "./vendor.js";
import { WatchedExporter } from "./watched-exporter.js";

export interface TracesOptions {
  /** Base address of a collector, such as `http://127.0.0.1:4318`. null: the one of the environment, if there is one. */
  readonly endpoint: string | null;
  /** Version of the service. */
  readonly version: string;
  /** Name of the store by the semantic conventions, such as `milvus`. */
  readonly dbSystem: string;
  /** Called when spans are lost, once until spans are sent again. */
  readonly onLost: (message: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Longest wait for the collector at the end. Spans that it has not taken by then are lost. */
const closeMs = 3_000;

export class Traces {
  readonly #vendor: OpenTelemetry;
  readonly #provider: BasicTracerProvider;
  readonly #tracer: Tracer;
  readonly #dbSystem: string;

  private constructor(vendor: OpenTelemetry, provider: BasicTracerProvider, { version, dbSystem }: TracesOptions) {
    this.#vendor = vendor;
    this.#provider = provider;
    this.#tracer = provider.getTracer("headrace", version);
    this.#dbSystem = dbSystem;
  }

  /** Returns null if no address is configured. Throws `part_missing` if one is, and OpenTelemetry is not installed. */
  static async open(options: TracesOptions): Promise<Traces | null> {
    if (!isConfigured(options)) return null;
    const vendor = await loadOpenTelemetry();
    const { endpoint, version } = options;
    const { detectResources, envDetector, resourceFromAttributes, defaultResource } = vendor.resources;
    const resource = defaultResource()
      .merge(resourceFromAttributes({ "service.name": "headrace", "service.version": version }))
      .merge(detectResources({ detectors: [envDetector] }));
    const exporter = new vendor.OTLPTraceExporter(endpoint === null ? {} : { url: `${endpoint.replace(/\/+$/, "")}/v1/traces` });
    const processor = new vendor.sdk.BatchSpanProcessor(new WatchedExporter(exporter, options.onLost));
    return new Traces(vendor, new vendor.sdk.BasicTracerProvider({ resource, spanProcessors: [processor] }), options);
  }

  /** Begins the span of a request, below the span that its client names. */
  request(start: RequestStart): RequestSpan {
    const { api } = this.#vendor;
    const kind = api.SpanKind.SERVER;
    const span = this.#tracer.startSpan(
      `${start.method} ${start.route}`,
      { kind, attributes: requestAttributes(start) },
      this.#below(remoteParent(start.headers.traceparent)),
    );
    return startedRequest(span, api.SpanStatusCode.ERROR);
  }

  /** Begins the span of a run. Each batch of each stage becomes a span below it. */
  run(start: RunStart): RunSpan {
    const { api } = this.#vendor;
    const [parent, ...others] = start.requests;
    return new RunSpan(start, this.#dbSystem, {
      start: (name, options, below) => this.#tracer.startSpan(name, options, this.#below(below)),
      parent,
      links: others.map((context) => ({ context })),
      kinds: api.SpanKind,
      errorStatus: api.SpanStatusCode.ERROR,
    });
  }

  /** Sends what has not been sent, for a few seconds at most. */
  async close(): Promise<void> {
    await within(this.#provider.shutdown(), closeMs);
  }

  #below(parent: SpanContext | undefined): ReturnType<OpenTelemetry["api"]["trace"]["setSpanContext"]> {
    const { ROOT_CONTEXT, trace } = this.#vendor.api;
    return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
  }
}

function isConfigured({ endpoint, environment }: TracesOptions): boolean {
  if (environment["OTEL_SDK_DISABLED"]?.toLowerCase() === "true" || environment["OTEL_TRACES_EXPORTER"] === "none") return false;
  const named = environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] ?? environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
  return endpoint !== null || (named !== undefined && named !== "");
}

/** Reads the header `traceparent` of W3C Trace Context. Undefined if it is missing or invalid. */
function remoteParent(header: string | string[] | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/.exec(String(header ?? "")) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}
