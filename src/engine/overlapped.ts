/** The overlapped schedule: every lane has a bounded queue and its own workers. All lanes work at the same time. */
import type { WorkerClock } from "./account.js";
import type { ByteGate } from "./byte-gate.js";
import { runError } from "./errors.js";
import type { LaneRunner } from "./lane.js";
import { LaneQueue } from "./queue.js";
import { type Flow, noQueue, type QueueFill, type Schedule } from "./schedule.js";
import type { Ticket } from "./ticket.js";

export class Overlapped implements Schedule {
  readonly #flow: Flow;
  readonly #queues: readonly LaneQueue[];
  #draining = false;

  constructor(flow: Flow) {
    this.#flow = flow;
    const gateAt = flow.lanes.findIndex((lane) => lane.settings.admit);
    this.#queues = flow.lanes.map(({ settings }, at) => {
      // An item reserves bytes once it has passed the gate. So only in lanes behind the gate can a lingering batch block other items.
      const gate = gateAt >= 0 && at > gateAt ? flow.gate : undefined;
      return new LaneQueue({ maxItems: settings.queueItems, ...settings }, () => this.#draining || gate?.hasWaiter === true);
    });
  }

  async run(): Promise<void> {
    const lanes = this.#flow.lanes.map((lane, at) => this.#runLane(lane, at));
    const entrance = this.#queues[0] as LaneQueue;
    await this.#flow.puller.read((ticket, now) => (entrance.push(ticket, now) ? undefined : this.#pushLater(entrance, ticket)));
    entrance.close();
    await Promise.all(lanes);
  }

  endLingering(why: "draining" | "gate"): void {
    if (why === "draining") this.#draining = true;
    for (const queue of this.#queues) queue.recheck();
  }

  halt(): void {
    for (const queue of this.#queues) queue.halt();
  }

  maxQueued(lane: number): number {
    return this.#queues[lane]?.maxQueued ?? 0;
  }

  queue(lane: number): QueueFill {
    return this.#queues[lane]?.fill ?? noQueue;
  }

  /** Closes the queue of the next lane when a lane ends. Lanes end in order, so bypassed items reach the sink before its queue closes. */
  async #runLane(lane: LaneRunner, at: number): Promise<void> {
    await Promise.all(lane.account.clocks.map((clock) => this.#work(lane, at, clock)));
    lane.account.end(performance.now());
    this.#queues[at + 1]?.close();
  }

  async #work(lane: LaneRunner, at: number, clock: WorkerClock): Promise<void> {
    const { halt, onFatal } = this.#flow;
    try {
      let state: "more" | "ended" = "more";
      while (state === "more") state = await this.#workOnce(lane, at, clock);
    } catch (thrown) {
      if (!halt.stopped) onFatal(runError(thrown, "unexpected", `stage "${lane.name}" failed`));
    } finally {
      clock.enter("starved", performance.now());
    }
  }

  /** Runs one batch. This is a separate function so that a worker that waits for its next batch does not keep the last batch in memory. */
  async #workOnce(lane: LaneRunner, at: number, clock: WorkerClock): Promise<"more" | "ended"> {
    const queue = this.#queues[at] as LaneQueue;
    const batch = queue.tryTake(performance.now()) ?? (await this.#waitForBatch(queue, clock));
    if (batch === undefined) return "ended";
    if (lane.settings.admit) await this.#admit(batch, clock);
    if (this.#flow.halt.stopped) return "ended";
    const onward = lane.passOn(batch) ?? (await lane.process(batch, clock));
    const pushed = this.#pushNow(onward, at);
    if (pushed < onward.length) await this.#pushRest(onward, pushed, at, clock);
    return "more";
  }

  #waitForBatch(queue: LaneQueue, clock: WorkerClock): Promise<readonly Ticket[] | undefined> {
    clock.enter("starved", performance.now());
    return queue.take();
  }

  /** Returns undefined, without a promise, if all items enter at once. */
  #admit(batch: readonly Ticket[], clock: WorkerClock): Promise<void> | undefined {
    const { gate } = this.#flow;
    for (let place = 0; place < batch.length; place += 1) {
      const ticket = batch[place] as Ticket;
      if (gate === undefined || ticket.admitted) continue;
      if (!gate.tryReserve(ticket.item.bytes)) return this.#admitRest(gate, batch.slice(place), clock);
      admitted(ticket);
    }
    return undefined;
  }

  async #admitRest(gate: ByteGate, rest: readonly Ticket[], clock: WorkerClock): Promise<void> {
    for (const ticket of rest) {
      if (ticket.admitted) continue;
      clock.enter("blocked", performance.now());
      if ((await gate.reserve(ticket.item.bytes)) === "halted") return;
      admitted(ticket);
    }
  }

  /** Passes tickets to the next lanes until a queue is full. Returns the number of tickets that were passed. */
  #pushNow(tickets: readonly Ticket[], at: number): number {
    const now = performance.now();
    let pushed = 0;
    while (pushed < tickets.length && this.#queueOf(tickets[pushed] as Ticket, at).push(tickets[pushed] as Ticket, now)) pushed += 1;
    return pushed;
  }

  async #pushRest(tickets: readonly Ticket[], from: number, at: number, clock: WorkerClock): Promise<void> {
    for (let pushed = from; pushed < tickets.length; ) {
      clock.enter("blocked", performance.now());
      await this.#queueOf(tickets[pushed] as Ticket, at).waitForRoom();
      pushed += this.#pushNow(tickets.slice(pushed), at);
    }
  }

  #queueOf(ticket: Ticket, at: number): LaneQueue {
    return this.#queues[ticket.bypassed ? this.#queues.length - 1 : at + 1] as LaneQueue;
  }

  async #pushLater(queue: LaneQueue, ticket: Ticket): Promise<void> {
    do await queue.waitForRoom();
    while (!queue.push(ticket, performance.now()));
  }
}

function admitted(ticket: Ticket): void {
  ticket.admitted = true;
  ticket.chargedBytes = ticket.item.bytes;
}
