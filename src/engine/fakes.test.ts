/** Sources, stages and sinks for the tests of the engine; each does only what its arguments say. */
import {
  HeadraceError,
  type ImageFacts,
  type Item,
  type Outcome,
  type Result,
  type Row,
  type RunEvent,
  type RunReport,
  type Sink,
  type SinkResult,
  type Source,
  type Stage,
} from "../contracts/index.js";
import { type Ticket, ticketOf } from "./ticket.js";
import { defaultTuning, type Tuning } from "./tuning.js";

export const facts: ImageFacts = {
  source: "file:///a.png",
  root: "file:///",
  version: "1",
  content: "",
  metadata: {},
  metadataHash: "",
  width: 0,
  height: 0,
};

export const row: Row = { vector: new Float32Array(0) };

/** The engine's own times, shortened. */
export const fast: Tuning = {
  ...defaultTuning,
  graceMs: 30,
  closeGraceMs: 30,
  outage: { baseDelayMs: 1, maxDelayMs: 4 },
  overload: { baseDelayMs: 1, maxDelayMs: 2 },
};

export function itemOf(seq: number, changes: Partial<Item<Row>> = {}): Item<Row> {
  return { seq, id: `id-${seq}`, facts, bytes: 10, value: row, ...changes };
}

export function itemsOf(count: number): Item<Row>[] {
  return Array.from({ length: count }, (_, seq) => itemOf(seq));
}

export function ticket(seq: number, bytes = 10): Ticket {
  return ticketOf(itemOf(seq, { bytes }));
}

export function sourceOf(items: readonly Item<Row>[], more: Partial<Source<Row>> = {}): Source<Row> {
  return {
    name: "source",
    async *read(stop) {
      for (const item of items) {
        if (stop.aborted) return;
        yield item;
      }
    },
    ...more,
  };
}

export type Process = (batch: readonly Item<Row>[], signal: AbortSignal) => Promise<readonly Result<Row>[]> | readonly Result<Row>[];

export function stageOf(name: string, process: Process = (batch) => batch.map(ok), more: Partial<Stage<Row, Row>> = {}): Stage<Row, Row> {
  return { name, process: async (batch, signal) => process(batch, signal), ...more };
}

export type SinkProcess = (batch: readonly Item<Row>[], signal: AbortSignal) => Promise<readonly SinkResult[]> | readonly SinkResult[];

export function sinkOf(process: SinkProcess = (batch) => batch.map(stored), more: Partial<Sink> = {}): Sink {
  return { name: "sink", process: async (batch, signal) => process(batch, signal), ...more };
}

export function ok(item: Item<Row>): Result<Row> {
  return { kind: "ok", item };
}

export function stored({ seq }: Item<Row>): SinkResult {
  return { kind: "ok", seq };
}

export function errorOf(scope: "item" | "batch" | "service" | "run", retryable = true, retryAfterMs?: number): HeadraceError {
  const code = ({ item: "source_unreadable", batch: "inference_failed", service: "store_unavailable", run: "disk_full" } as const)[scope];
  return new HeadraceError(code, `${scope} trouble`, { retryable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}

/** A promise that others settle. */
export function gateOf(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Never settles. */
export function forever(): Promise<never> {
  return new Promise(() => {});
}

/** Collects the events of a run. */
export class Log {
  readonly events: RunEvent[] = [];
  readonly observer = (event: RunEvent): void => {
    this.events.push(event);
  };

  outcomes(): Outcome[] {
    return this.of("item-settled").map((event) => event.outcome);
  }

  notices(): string[] {
    return this.of("notice").map((event) => event.message);
  }

  of<K extends RunEvent["kind"]>(kind: K): Extract<RunEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<RunEvent, { kind: K }> => event.kind === kind);
  }
}

export function counts({ read, stored: storedItems, reused, skipped, failed, abandoned }: RunReport): number[] {
  return [read, storedItems, reused, skipped, failed, abandoned];
}
