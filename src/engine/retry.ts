/**
 * Runs one batch through one stage: calls the stage, retries failed calls, waits while the service is down, and splits a failing batch in
 * half.
 */
import { HeadraceError, type Item, type Observer } from "../contracts/index.js";
import { backOffMs } from "../kit/index.js";
import type { StageAccount, WorkerClock } from "./account.js";
import { type Answer, type AnyResult, matchAnswers } from "./answers.js";
import type { Circuit, Pass } from "./circuit.js";
import type { Halt } from "./halt.js";

/** A stage or a sink, whatever the types of its items. */
export interface AnyStage {
  readonly name: string;
  process(batch: readonly Item<unknown>[], signal: AbortSignal): Promise<readonly AnyResult[]>;
  passOn?(batch: readonly Item<unknown>[]): readonly Item<unknown>[] | null;
  readonly maxConcurrency?: number;
  notices?(): readonly string[];
}

export interface Retry {
  /** Maximum number of calls for a batch or for a part of it. */
  readonly attempts: number;
  /**
   * Maximum delay before the second call. The maximum doubles before each further call. The actual delay is a random part of the maximum.
   */
  readonly baseDelayMs: number;
}

/** What a call of a stage needs to know about its worker and its run. */
export interface CallContext {
  readonly halt: Halt;
  readonly circuit: Circuit;
  readonly clock: WorkerClock;
  readonly account: StageAccount;
  readonly emit: Observer;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
  /** Receives answers that arrive after a hard stop has cut the call off. Absent for stages whose late answers do not matter. */
  readonly onLateAnswers?: (part: readonly Item<unknown>[], answers: readonly Answer[]) => void;
}

/** Maximum back-off, unless the service asks for a longer one. */
const maxDelayMs = 30_000;

/**
 * Returns one answer per item, in the order of the batch, when the whole batch is done. A failed batch is retried while its error is
 * retryable and attempts are left. Then the batch is split in half repeatedly, down to single items. An item that fails alone gets the
 * answer "fail". Waiting for an unavailable service uses no attempt. Throws errors of scope "run", and the reason of a hard stop.
 */
export function attempt(stage: AnyStage, batch: readonly Item<unknown>[], retry: Retry, context: CallContext): Promise<readonly Answer[]> {
  return attemptPart(stage, batch, retry, context, 0);
}

async function attemptPart(
  stage: AnyStage,
  part: readonly Item<unknown>[],
  retry: Retry,
  context: CallContext,
  callsBefore: number,
): Promise<readonly Answer[]> {
  for (let call = 1; ; ) {
    const outcome = await callOnce(stage, part, context, callsBefore + call);
    if (outcome === "service") continue;
    if (!HeadraceError.is(outcome)) return outcome;
    if (outcome.retryable && call < retry.attempts) {
      // The delay is random, so that workers do not retry at the same moment.
      const delayMs = Math.max(outcome.retryAfterMs ?? 0, context.random() * backOffMs({ ...retry, maxDelayMs }, call));
      context.account.retries += 1;
      call += 1;
      context.emit({ kind: "retrying", stage: stage.name, error: outcome, attempt: callsBefore + call, delayMs });
      await context.halt.pause(delayMs);
      continue;
    }
    if (part.length === 1) return [{ kind: "fail", error: outcome, attempts: callsBefore + call }];
    context.emit({ kind: "batch-halved", stage: stage.name, items: part.length, error: outcome });
    const half = Math.ceil(part.length / 2);
    const first = await attemptPart(stage, part.slice(0, half), retry, context, callsBefore + call);
    const second = await attemptPart(stage, part.slice(half), retry, context, callsBefore + call);
    return [...first, ...second];
  }
}

/** Returns the answers, an error of scope "item" or "batch", or "service" when the service is down and the call must be repeated. */
async function callOnce(
  stage: AnyStage,
  part: readonly Item<unknown>[],
  context: CallContext,
  attempts: number,
): Promise<readonly Answer[] | HeadraceError | "service"> {
  const { halt, circuit, clock } = context;
  const pass: Pass = circuit.isOpen ? await circuit.enter(halt) : "free";
  clock.enter("busy", performance.now());
  const label = `stage "${stage.name}"`;
  let answering: Promise<readonly AnyResult[]> | undefined;
  try {
    answering = stage.process(part, halt.signal);
    const results = await halt.race(answering, label);
    circuit.answered(pass);
    for (const message of stage.notices?.() ?? []) context.emit({ kind: "notice", message });
    return matchAnswers(stage.name, part, results, attempts);
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    const { onLateAnswers } = context;
    if (halt.stopped && onLateAnswers !== undefined && answering !== undefined) {
      halt.watch(
        answering.then((results) => onLateAnswers(part, matchAnswers(stage.name, part, results, attempts))),
        label,
      );
    }
    if (halt.stopped || error.scope === "run") throw error;
    // A call that the service did not answer counts as waiting, not as work.
    if (error.scope === "service" || error.code === "timed_out") clock.recount("waiting");
    clock.enter("waiting", performance.now());
    if (error.scope !== "service") {
      circuit.answered(pass);
      return error;
    }
    circuit.failed(pass, error);
    return "service";
  }
}
