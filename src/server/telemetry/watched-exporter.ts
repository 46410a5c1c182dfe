/** An exporter of spans that tells when spans are lost. OpenTelemetry itself is silent. */
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";

type Done = Parameters<SpanExporter["export"]>[1];

/** The code of OpenTelemetry for spans that were sent. */
const sent = 0;

export class WatchedExporter implements SpanExporter {
  readonly #inner: SpanExporter;
  readonly #onLost: (message: string) => void;
  #isLosing = false;

  /** `onLost` is called once until spans are sent again. */
  constructor(inner: SpanExporter, onLost: (message: string) => void) {
    this.#inner = inner;
    this.#onLost = onLost;
  }

  export(spans: ReadableSpan[], done: Done): void {
    this.#inner.export(spans, (result) => {
      if (result.code !== sent && !this.#isLosing) this.#onLost(result.error?.message ?? "the collector refused them");
      this.#isLosing = result.code !== sent;
      done(result);
    });
  }

  async forceFlush(): Promise<void> {
    await this.#inner.forceFlush?.();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }
}
