/** The sequential schedule: some items through all lanes, then the next ones. */
import type { WorkerClock } from "./account.js";
import { runError } from "./errors.js";
import type { LaneRunner } from "./lane.js";
import type { Flow, Schedule } from "./schedule.js";
import type { Ticket } from "./ticket.js";

export class Sequential implements Schedule {
  readonly #flow: Flow;
  readonly #turnItems: number;
  readonly #maxQueued: number[];

  constructor(flow: Flow, turnItems: number) {
    this.#flow = flow;
    this.#turnItems = turnItems;
    this.#maxQueued = flow.lanes.map(() => 0);
  }

  async run(): Promise<void> {
    let turn: Ticket[] = [];
    const takeTurn = () => {
      const tickets = turn;
      turn = [];
      return this.#travel(0, tickets, [], "outside");
    };
    await this.#flow.reader.read((ticket) => (turn.push(ticket) < this.#turnItems ? undefined : takeTurn()));
    await takeTurn();
    const now = performance.now();
    for (const lane of this.#flow.lanes) lane.account.end(now);
  }

  /** Nothing lingers here. */
  hurry(): void {}

  /** Workers notice by themselves: each call that they wait for is ended. */
  halt(): void {}

  maxQueued(lane: number): number {
    return this.#maxQueued[lane] ?? 0;
  }

  /**
   * Takes tickets from a lane to the end of the sink. Before the byte gate a turn is cut into shares that fit into the budget,
   * each of which goes to its end before the next begins: within a turn nobody could give back what another waits for.
   */
  async #travel(from: number, tickets: Ticket[], bypassing: Ticket[], gate: "outside" | "inside"): Promise<void> {
    const { lanes } = this.#flow;
    const last = lanes.length - 1;
    let onward = tickets;
    let toSink = bypassing;
    for (let at = from; at <= last; at += 1) {
      const lane = lanes[at] as LaneRunner;
      if (at === last) onward = onward.concat(toSink);
      if (lane.settings.admit && gate === "outside") {
        let share: Ticket[];
        for (let rest = onward; rest.length > 0 && !this.#flow.halt.stopped; rest = rest.slice(share.length)) {
          share = this.#admitShare(rest);
          await this.#travel(at, share, at === last ? [] : toSink, "inside");
          toSink = [];
        }
        if (at < last && toSink.length > 0) await this.#travel(last, [], toSink, "inside");
        return;
      }
      const processed = await this.#through(at, onward);
      onward = processed.filter((ticket) => !ticket.bypassed);
      toSink = toSink.concat(processed.filter((ticket) => ticket.bypassed));
    }
  }

  /** As many as fit into the budget together; at least one, as nobody else is inside. */
  #admitShare(tickets: readonly Ticket[]): Ticket[] {
    const { gate } = this.#flow;
    const share: Ticket[] = [];
    for (const ticket of tickets) {
      if (gate !== undefined) {
        if (!gate.tryReserve(ticket.item.bytes)) break;
        ticket.admitted = true;
        ticket.chargedBytes = ticket.item.bytes;
      }
      share.push(ticket);
    }
    return share;
  }

  /** All tickets through one lane, as many batches at once as it has workers; those that go on, in order. */
  async #through(at: number, tickets: readonly Ticket[]): Promise<Ticket[]> {
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
