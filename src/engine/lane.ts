/** Runs batches through one stage, and settles the items that the stage or the sink finishes. */
import type { Observer, Part } from "../contracts/index.js";
import { StageAccount, type WorkerClock } from "./account.js";
import type { Answer } from "./answers.js";
import type { ByteGate } from "./byte-gate.js";
import { Circuit, type CircuitOptions } from "./circuit.js";
import { contractBroken } from "./errors.js";
import type { Halt } from "./halt.js";
import type { ResolvedLane, Step } from "./pipeline.js";
import { type AnyStage, attempt, type CallContext } from "./retry.js";
import type { Settlement } from "./settlement.js";
import type { Ticket } from "./ticket.js";

/** State that all lanes of a run share. */
export interface RunContext {
  readonly halt: Halt;
  readonly settlement: Settlement;
  readonly gate: ByteGate | undefined;
  readonly emit: Observer;
  readonly circuit: Pick<CircuitOptions, "maxOutageMs" | "outage" | "overload">;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
}

export class LaneRunner {
  readonly settings: ResolvedLane;
  readonly account: StageAccount;
  readonly #stage: AnyStage & Part;
  readonly #place: "stage" | "sink";
  readonly #shared: RunContext;
  readonly #circuit: Circuit;

  constructor(step: Step, place: "stage" | "sink", workers: number, shared: RunContext) {
    this.settings = step.lane;
    this.#stage = step.stage;
    this.#place = place;
    this.#shared = shared;
    this.account = new StageAccount(step.stage.name, workers, performance.now(), step.lane.batchesPerWorker);
    const { circuit, emit, random } = shared;
    this.#circuit = new Circuit({ stage: step.stage.name, emit, random, ...circuit });
  }

  get name(): string {
    return this.#stage.name;
  }

  /** Returns the items that continue to later stages if the stage has nothing to do for this batch. Otherwise null: call `process`. */
  passOn(batch: readonly Ticket[]): readonly Ticket[] | null {
    const items = this.#stage.passOn?.(itemsOf(batch)) ?? null;
    if (items === null) return null;
    for (let at = 0; at < batch.length; at += 1) {
      const [ticket, item] = [batch[at] as Ticket, items[at]];
      if (item?.seq !== ticket.item.seq) throw contractBroken(this.#stage.name, "items passed on: expected those of the batch, in order");
      this.#advance(ticket, item);
    }
    this.account.batches += 1;
    this.account.items += batch.length;
    this.#shared.emit({ kind: "batch-done", stage: this.#stage.name, items: batch.length, elapsedMs: 0, wallMs: 0 });
    return batch;
  }

  /** Runs one batch through the stage. Returns the items that continue to later stages. Throws errors of scope "run". */
  async process(batch: readonly Ticket[], clock: WorkerClock): Promise<readonly Ticket[]> {
    const { halt, emit, random } = this.#shared;
    const items = itemsOf(batch);
    const startedMs = performance.now();
    const busyBefore = clock.spentMs("busy", startedMs);
    const base = { halt, circuit: this.#circuit, clock, account: this.account, emit, random };
    const context = this.#place === "sink" ? { ...base, onLateAnswers: lateAnswers(batch, this.#shared.settlement) } : base;
    const answers = await attempt(this.#stage, items, this.settings, context);
    this.account.batches += 1;
    this.account.items += batch.length;
    const endedMs = performance.now();
    const elapsedMs = clock.spentMs("busy", endedMs) - busyBefore;
    emit({ kind: "batch-done", stage: this.#stage.name, items: batch.length, elapsedMs, wallMs: endedMs - startedMs });
    const onward: Ticket[] = [];
    for (let at = 0; at < batch.length; at += 1) {
      const ticket = batch[at] as Ticket;
      if (this.#conclude(ticket, answers[at] as Answer) === "onward") onward.push(ticket);
    }
    return onward;
  }

  #conclude(ticket: Ticket, answer: Answer): "onward" | "settled" {
    const { settlement } = this.#shared;
    switch (answer.kind) {
      case "ok":
        if (this.#place === "sink") {
          settlement.stored(ticket);
          return "settled";
        }
        if (answer.item === undefined) throw contractBroken(this.#stage.name, "result of kind ok: expected an item in it, found none");
        this.#advance(ticket, answer.item);
        return "onward";
      case "bypass":
        if (this.#place === "sink")
          throw contractBroken(this.#stage.name, "kind of a result: expected ok, skip or fail from a sink, found bypass");
        this.#advance(ticket, answer.item);
        ticket.bypassed = true;
        return "onward";
      case "skip":
        settlement.skipped(ticket, this.#stage.name, answer.reason);
        return "settled";
      case "fail":
        settlement.failed(ticket, this.#stage.name, answer.error, answer.attempts);
        return "settled";
      default:
        return answer satisfies never;
    }
  }

  #advance(ticket: Ticket, item: Ticket["item"]): void {
    ticket.item = item;
    if (!ticket.admitted || ticket.chargedBytes === item.bytes) return;
    this.#shared.gate?.charge(item.bytes - ticket.chargedBytes);
    ticket.chargedBytes = item.bytes;
  }
}

function itemsOf(batch: readonly Ticket[]): readonly Ticket["item"][] {
  const items = new Array<Ticket["item"]>(batch.length);
  for (let at = 0; at < batch.length; at += 1) items[at] = (batch[at] as Ticket).item;
  return items;
}

/** Counts rows of a write that a hard stop cut off. The run no longer awaits the sink, but the sink may still store these rows. */
function lateAnswers(batch: readonly Ticket[], settlement: Settlement): NonNullable<CallContext["onLateAnswers"]> {
  return (part, answers) => {
    const tickets = new Map(batch.map((ticket) => [ticket.item.seq, ticket]));
    for (const [at, { seq }] of part.entries()) if (answers[at]?.kind === "ok") settlement.storedLate(tickets.get(seq) as Ticket);
  };
}
