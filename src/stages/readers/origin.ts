/** One origin of images, such as a web server or a bucket: whether it still answers, and what an image does while it does not. */
import { HeadraceError, type ImageRef, type Reader } from "../../contracts/index.js";
import { checkAborted, pauseUnlessAborted, SerialQueue } from "../../kit/index.js";

export interface OriginOptions {
  /** How long images wait for an origin that is away, while other origins answer. Then they fail. */
  readonly patienceMs: number;
  /** Pause between two checks of an origin that is away. */
  readonly betweenChecksMs: number;
  /** Other origins count as answering if one has answered in this time before this one went away. */
  readonly recentMs: number;
  /** Number of images of an origin that may fail for each answer of another one. */
  readonly givenUpPerAnswer: number;
}

/** What an origin needs to know about the other origins of its run. */
export interface OtherOrigins {
  /** Number of answers of all origins, with this one. */
  readonly answers: number;
  countAnswer(): void;
  /** Returns whether another origin has answered since `sinceMs` and has not gone away. */
  hasAnsweredBeside(origin: Origin, sinceMs: number): boolean;
}

/** An image whose origin goes away and comes back again and again fails after this many reads. */
const maxReads = 5;

export class Origin {
  readonly #checks = new SerialQueue();
  /** An image that was read. null: the origin has sent none yet, so its address may be wrong. */
  #good: ImageRef | null = null;
  #next: Promise<HeadraceError | null> | null = null;
  #last: { readonly atMs: number; readonly error: HeadraceError | null } | null = null;
  #awaySinceMs: number | null = null;
  /** When a check has found the origin away. */
  #lastAwayMs = Number.NEGATIVE_INFINITY;
  #answers = 0;
  #lastAnswerMs = Number.NEGATIVE_INFINITY;
  /** Answers of all origins when this one went away. */
  #answersBefore = 0;
  #givenUp = 0;

  constructor(
    readonly name: string,
    readonly reader: Reader,
    readonly all: OtherOrigins,
    readonly options: OriginOptions,
  ) {}

  /** Returns whether the origin has answered since `sinceMs` and has not gone away. */
  isThere(sinceMs: number): boolean {
    return this.#awaySinceMs === null && this.#lastAnswerMs >= sinceMs;
  }

  /**
   * Reads an image. If the origin has sent images before, and has stopped to answer, the image does not fail. It throws an error of scope
   * "service", or it waits while other origins answer.
   */
  async read<T>(ref: ImageRef, read: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let reads = 1; ; reads += 1) {
      if (this.#isHopeless()) {
        const away = await this.#awayLately(signal);
        if (away !== null) throw this.#giveUp(ref, away);
      }
      const startedMs = performance.now();
      try {
        const result = await read();
        this.#good = ref;
        this.#answered();
        return result;
      } catch (thrown) {
        checkAborted(signal, "reading");
        const error = HeadraceError.from(thrown);
        if (!isDoubtful(error)) throw error;
        const away = await this.#away(signal);
        // An origin that was away during the read may be back when it is checked.
        const wasAway = away !== null || this.#lastAwayMs >= startedMs;
        if (!wasAway || reads === maxReads) throw error;
        if (away !== null) await this.#returns(ref, away, signal);
      }
    }
  }

  /** Resolves when the origin answers again. Throws if the image must not wait here for so long. */
  async #returns(ref: ImageRef, reason: HeadraceError, signal: AbortSignal): Promise<void> {
    for (let away: HeadraceError | null = reason; away !== null; away = await this.#awayLately(signal)) {
      if (this.#isHopeless()) throw this.#giveUp(ref, away);
      if (this.#hasWaitedLong() || !this.#othersAnswer()) throw this.#outage(away);
      await pauseUnlessAborted(this.options.betweenChecksMs, signal);
      checkAborted(signal, "reading");
    }
  }

  /** Returns why the origin does not answer, by a check that begins now. An earlier check may be from before it went away. */
  #away(signal: AbortSignal): Promise<HeadraceError | null> {
    this.#next ??= this.#checks.run(() => {
      this.#next = null;
      return this.#check(signal);
    });
    return this.#next;
  }

  #awayLately(signal: AbortSignal): Promise<HeadraceError | null> {
    const last = this.#last;
    const isRecent = last !== null && performance.now() - last.atMs < this.options.betweenChecksMs;
    return isRecent ? Promise.resolve(last.error) : this.#away(signal);
  }

  async #check(signal: AbortSignal): Promise<HeadraceError | null> {
    if (this.#good === null || this.reader.checkOrigin === undefined) return null;
    let error: HeadraceError | null = null;
    try {
      await this.reader.checkOrigin(this.#good, signal);
      this.#answered();
    } catch (thrown) {
      checkAborted(signal, "reading");
      error = HeadraceError.from(thrown);
      if (error.scope === "run") throw error;
      if (this.#awaySinceMs === null) this.#answersBefore = this.#answersOfOthers();
      this.#lastAwayMs = performance.now();
      this.#awaySinceMs ??= this.#lastAwayMs;
    }
    this.#last = { atMs: performance.now(), error };
    return error;
  }

  #answered(): void {
    this.#answers += 1;
    this.all.countAnswer();
    this.#lastAnswerMs = performance.now();
    this.#awaySinceMs = null;
    this.#last = null;
    this.#givenUp = 0;
  }

  #answersOfOthers(): number {
    return this.all.answers - this.#answers;
  }

  #othersAnswer(): boolean {
    return this.#mayGiveUp() || this.all.hasAnsweredBeside(this, (this.#awaySinceMs ?? 0) - this.options.recentMs);
  }

  #hasWaitedLong(): boolean {
    return this.#awaySinceMs !== null && performance.now() - this.#awaySinceMs > this.options.patienceMs;
  }

  /** Images are given up to make room for those of other origins. So their number depends on the answers of the others. */
  #mayGiveUp(): boolean {
    return this.#givenUp < (this.#answersOfOthers() - this.#answersBefore) * this.options.givenUpPerAnswer;
  }

  #isHopeless(): boolean {
    return this.#hasWaitedLong() && this.#mayGiveUp();
  }

  #giveUp({ uri }: ImageRef, away: HeadraceError): HeadraceError {
    this.#givenUp += 1;
    const seconds = Math.round((performance.now() - (this.#awaySinceMs ?? 0)) / 1000);
    const message = `${uri}: expected an answer of ${this.name}, found none for ${seconds} s, while others answer: ${away.message}`;
    const hint = "Run `headrace retry` when the server answers again.";
    return new HeadraceError("source_unreadable", message, { item: uri, retryable: false, hint, cause: away });
  }

  #outage(away: HeadraceError): HeadraceError {
    const message = `${this.name} has sent images before, and does not answer any more: ${away.message}`;
    const hint = "Check the network and the server, then run the same command again: it skips what is stored.";
    return new HeadraceError("source_unreadable", message, { scope: "service", retryable: true, hint, cause: away });
  }
}

/** A name that cannot be resolved has a cause. The status 404 has none: it is an answer. */
function isDoubtful({ scope, code, cause }: HeadraceError): boolean {
  if (scope !== "item") return false;
  return code === "source_unreadable" || code === "timed_out" || (code === "source_not_found" && cause !== undefined);
}
