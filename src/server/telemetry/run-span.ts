/** The span of a run, and one span below it per batch and stage. */
import { randomBytes } from "node:crypto";
import type { Attributes, Link, Span, SpanContext, SpanKind, SpanOptions, SpanStatusCode } from "@opentelemetry/api";
import type { HeadraceError, RunEvent } from "../../contracts/index.js";

export interface RunStart {
  /** Names the run in the log and in its span. */
  readonly id: string;
  readonly collection: string;
  /** The job that the run belongs to. null: the run works for requests directly. */
  readonly job: string | null;
  /** The requests that the run works for. The first one is its parent, the others are linked. Empty: the requests are not known. */
  readonly requests: readonly SpanContext[];
}

export interface RunSpanParts {
  /** Starts a span below another one. */
  readonly start: (name: string, options: SpanOptions, below: SpanContext | undefined) => Span;
  readonly parent: SpanContext | undefined;
  readonly links: readonly Link[];
  readonly kinds: typeof SpanKind;
  readonly errorStatus: SpanStatusCode.ERROR;
}

/** A stage has a span for each of this many batches, then for every tenth of ten times as many, and so on. */
const everyBatchUpTo = 1_000;

export class RunSpan {
  readonly #run: RunStart;
  readonly #dbSystem: string;
  readonly #parts: RunSpanParts;
  readonly #span: Span;
  readonly #batches = new Map<string, number>();

  constructor(run: RunStart, dbSystem: string, parts: RunSpanParts) {
    this.#run = run;
    this.#dbSystem = dbSystem;
    this.#parts = parts;
    const attributes: Attributes = {
      "headrace.run.id": run.id,
      "headrace.collection.name": run.collection,
      ...(run.job === null ? {} : { "headrace.job.id": run.job }),
    };
    const options = { kind: parts.kinds.INTERNAL, attributes, links: [...parts.links] };
    this.#span = parts.start(`ingest ${run.collection}`, options, parts.parent);
  }

  get context(): SpanContext {
    return this.#span.spanContext();
  }

  see(event: RunEvent): void {
    switch (event.kind) {
      case "batch-done":
        this.#batch(event);
        break;
      case "retrying":
        this.#event("retry", event, { "headrace.retry.attempt": event.attempt, "headrace.retry.delay_ms": event.delayMs });
        break;
      case "batch-halved":
        this.#event("batch halved", event, { "headrace.batch.items": event.items });
        break;
      case "outage-started":
        this.#event("outage", event, {});
        break;
      case "run-ended": {
        const { ended, error, read, stored, skipped, failed, abandoned } = event.report;
        this.#span.setAttribute("headrace.run.ended", ended);
        for (const [name, items] of Object.entries({ read, stored, skipped, failed, abandoned })) {
          this.#span.setAttribute(`headrace.items.${name}`, items);
        }
        this.end(error ?? null);
      }
    }
  }

  /** Further calls do nothing. */
  end(error: HeadraceError | null): void {
    if (!this.#span.isRecording()) return;
    if (error !== null) this.#span.setAttribute("error.type", error.code).setStatus({ code: this.#parts.errorStatus });
    this.#span.end();
  }

  #batch({ stage, items, wallMs }: Extract<RunEvent, { kind: "batch-done" }>): void {
    const count = (this.#batches.get(stage) ?? 0) + 1;
    this.#batches.set(stage, count);
    const stride = strideAt(count);
    if (count % stride !== 0) return;
    const endMs = Date.now();
    const attributes = {
      "headrace.run.id": this.#run.id,
      "headrace.stage": stage,
      "headrace.batch.items": items,
      ...(stride === 1 ? {} : { "headrace.batch.stands_for": stride }),
    };
    const startTime = endMs - wallMs;
    const { name, kind, more } = stage === "store" ? this.#write(items) : { name: stage, kind: this.#parts.kinds.INTERNAL, more: {} };
    this.#parts.start(name, { kind, startTime, attributes: { ...attributes, ...more } }, this.context).end(endMs);
  }

  /** A write is a call to a database, whose conventions name such calls by operation and collection. */
  #write(items: number): { readonly name: string; readonly kind: SpanKind; readonly more: Attributes } {
    const { collection } = this.#run;
    const more = {
      "db.system.name": this.#dbSystem,
      "db.operation.name": "upsert",
      "db.collection.name": collection,
      // Fewer than two operations are no batch.
      ...(items < 2 ? {} : { "db.operation.batch.size": items }),
    };
    return { name: `upsert ${collection}`, kind: this.#parts.kinds.CLIENT, more };
  }

  #event(name: string, { stage, error }: { readonly stage: string; readonly error: HeadraceError }, more: Attributes): void {
    this.#span.addEvent(name, { "headrace.stage": stage, "error.type": error.code, ...more });
  }
}

/** A short random name. */
export function newRunId(): string {
  return randomBytes(6).toString("hex");
}

/** A run over a million images has a million batches in some stages. Its trace then has a few thousand. */
function strideAt(count: number): number {
  let stride = 1;
  while (count > everyBatchUpTo * stride) stride *= 10;
  return stride;
}
