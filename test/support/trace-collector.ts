/** An OpenTelemetry collector on a free port of this machine: keeps the spans that it gets as OTLP over HTTP, in JSON. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

type Value = string | number | boolean | undefined;

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly kind: "internal" | "server" | "client" | "other";
  readonly attributes: Readonly<Record<string, Value>>;
  /** Attributes of the process. */
  readonly resource: Readonly<Record<string, Value>>;
  /** Ids of the spans that it is linked to. */
  readonly links: readonly string[];
  readonly isError: boolean;
  readonly startMs: number;
  readonly endMs: number;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string; readonly boolValue?: boolean };
}

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
  readonly links?: readonly { readonly spanId: string }[];
  readonly status?: { readonly code?: number };
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

const kinds = { 1: "internal", 2: "server", 3: "client" } as const;

export class TraceCollector implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** Number of requests with spans. */
  requests = 0;
  readonly #server: Server;

  private constructor(status: number) {
    this.#server = createServer(async (request, response) => {
      this.requests += 1;
      const body = (await json(request)) as OtlpTraces;
      if (request.url === "/v1/traces" && status === 200) this.spans.push(...spansOf(body));
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  }

  /** `status`: the status of all answers. */
  static async start(status = 200): Promise<TraceCollector> {
    const collector = new TraceCollector(status);
    collector.#server.listen(0, "127.0.0.1");
    await once(collector.#server, "listening");
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function spansOf({ resourceSpans }: OtlpTraces): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ name, traceId, spanId, parentSpanId, kind, attributes, links = [], status, startTimeUnixNano, endTimeUnixNano }) => ({
        ...{ name, traceId, spanId, parentSpanId: parentSpanId || undefined },
        kind: kinds[kind as keyof typeof kinds] ?? "other",
        attributes: valuesOf(attributes),
        resource: valuesOf(resource.attributes),
        links: links.map((link) => link.spanId),
        isError: status?.code === 2,
        startMs: Number(BigInt(startTimeUnixNano) / 1_000_000n),
        endMs: Number(BigInt(endTimeUnixNano) / 1_000_000n),
      })),
    ),
  );
}

function valuesOf(attributes: readonly Attribute[]): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, boolValue } }) => [
      key,
      intValue === undefined ? (stringValue ?? boolValue) : Number(intValue),
    ]),
  );
}
