/** The sequential schedule: one round of items passes through all lanes, then the next round starts. */
import type { WorkerClock } from "./account.js";
import { runError } from "./errors.js";
import type { LaneRunner } from "./lane.js";
import { type Flow, noQueue, type QueueFill, type Schedule } from "./schedule.js";
import type { Ticket } from "./ticket.js";

export class Sequential implements Schedule {
  readonly #flow: Flow;
  readonly #roundItems: number;
  readonly #maxQueued: number[];

  constructor(flow: Flow, roundItems: number) {
    this.#flow = flow;
    this.#roundItems = roundItems;
    this.#maxQueued = flow.lanes.map(() => 0);
  }

  async run(): Promise<void> {
    let round: Ticket[] = [];
    const runRound = () => {
      const tickets = round;
      round = [];
      return this.#runLanes(0, tickets, [], "outside");
    };
    await this.#flow.puller.read((ticket) => (round.push(ticket) < this.#roundItems ? undefined : runRound()));
    await runRound();
    const now = performance.now();
    for (const lane of this.#flow.lanes) lane.account.end(now);
  }

  /** Does nothing: the sequential schedule never lets a batch linger. */
  endLingering(): void {}

  /** Does nothing: `Halt` ends the calls that workers await. */
  halt(): void {}

  maxQueued(lane: number): number {
    return this.#maxQueued[lane] ?? 0;
  }

  /** Nothing waits: a batch passes from stage to stage at once. */
  queue(): QueueFill {
    return noQueue;
  }

  /**
   * Runs tickets through all lanes from `from` on. At the byte gate, a round is split into portions that fit into the memory budget. Items
   * hold their bytes until they are stored, so each portion reaches the sink before the next portion enters.
   */
  async #runLanes(from: number, tickets: Ticket[], bypassing: Ticket[], gate: "outside" | "inside"): Promise<void> {
    const { lanes } = this.#flow;
    const last = lanes.length - 1;
    let onward = tickets;
    let toSink = bypassing;
    for (let at = from; at <= last; at += 1) {
      const lane = lanes[at] as LaneRunner;
      if (at === last) onward = onward.concat(toSink);
      if (lane.settings.admit && gate === "outside") {
        let portion: Ticket[];
        for (let rest = onward; rest.length > 0 && !this.#flow.halt.stopped; rest = rest.slice(portion.length)) {
          portion = this.#admitPortion(rest);
          await this.#runLanes(at, portion, at === last ? [] : toSink, "inside");
          toSink = [];
        }
        if (at < last && toSink.length > 0) await this.#runLanes(last, [], toSink, "inside");
        return;
      }
      const processed = await this.#runLane(at, onward);
      onward = processed.filter((ticket) => !ticket.bypassed);
      toSink = toSink.concat(processed.filter((ticket) => ticket.bypassed));
    }
  }

  /** Admits as many tickets as fit into the budget together. At least one ticket always fits, because no other item holds bytes. */
  #admitPortion(tickets: readonly Ticket[]): Ticket[] {
    const { gate } = this.#flow;
    const portion: Ticket[] = [];
    for (const ticket of tickets) {
      if (gate !== undefined) {
        if (!gate.tryReserve(ticket.item.bytes)) break;
        ticket.admitted = true;
        ticket.chargedBytes = ticket.item.bytes;
      }
      portion.push(ticket);
    }
    return portion;
  }

  /** Runs tickets through one lane, with one batch per clock at once. Returns the tickets that continue, in order. */
  async #runLane(at: number, tickets: readonly Ticket[]): Promise<Ticket[]> {
    const lane = this.#flow.lanes[at] as LaneRunner;
    this.#maxQueued[at] = Math.max(this.#maxQueued[at] ?? 0, tickets.length);
    const batches = batchesOf(tickets, lane.settings.batchItems, lane.settings.batchBytes);
    const onward: (readonly Ticket[])[] = [];
    let next = 0;
    const work = async (clock: WorkerClock) => {
      for (let mine = next++; mine < batches.length; mine = next++) {
        if (this.#flow.halt.stopped) return;
        onward[mine] = await lane.process(batches[mine] as readonly Ticket[], clock);
      }
    };
    const { clocks } = lane.account;
    await Promise.all(clocks.slice(0, batches.length).map((clock) => this.#guard(lane, clock, work(clock))));
    return this.#flow.halt.stopped ? [] : onward.flat();
  }

  async #guard(lane: LaneRunner, clock: WorkerClock, work: Promise<void>): Promise<void> {
    const { halt, onFatal } = this.#flow;
    try {
      await work;
    } catch (thrown) {
      if (!halt.stopped) onFatal(runError(thrown, "unexpected", `stage "${lane.name}" failed`));
    } finally {
      clock.enter("starved", performance.now());
    }
  }
}

function batchesOf(tickets: readonly Ticket[], maxItems: number, maxBytes: number): (readonly Ticket[])[] {
  const batches: Ticket[][] = [];
  let batch: Ticket[] = [];
  let bytes = 0;
  for (const ticket of tickets) {
    if (batch.length > 0 && (batch.length >= maxItems || bytes + ticket.item.bytes > maxBytes)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(ticket);
    bytes += ticket.item.bytes;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
