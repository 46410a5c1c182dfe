/** Checks the results of a stage or a sink: exactly one per item, matched by `seq`. */
import { HeadraceError, type Item, type Row, type SinkResult } from "../contracts/index.js";
import { contractBroken } from "./errors.js";

/** What a stage or a sink answered for one item. A failure contains the number of calls that were made for the item. */
export type Answer =
  | { readonly kind: "ok"; readonly item?: Item<unknown> }
  | { readonly kind: "bypass"; readonly item: Item<Row> }
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "fail"; readonly error: HeadraceError; readonly attempts: number };

/** One result of a stage or a sink, before it is checked. */
export type AnyResult =
  | SinkResult
  | { readonly kind: "ok"; readonly item: Item<unknown> }
  | { readonly kind: "bypass"; readonly item: Item<Row> };

/** Returns one answer per item, in the order of the batch. Throws `contract_broken` unless there is exactly one result per item. */
export function matchAnswers(stage: string, batch: readonly Item<unknown>[], results: readonly AnyResult[], attempts: number): Answer[] {
  if (!Array.isArray(results)) throw contractBroken(stage, `results: expected an array with one per item, found ${typeof results}`);
  const answers = new Array<Answer>(batch.length);
  if (results.length === batch.length && isInOrder(stage, batch, results)) {
    for (let at = 0; at < results.length; at += 1) answers[at] = answerOf(stage, results[at] as AnyResult, attempts);
    return answers;
  }
  const places = new Map<number, number>();
  for (let at = 0; at < batch.length; at += 1) places.set((batch[at] as Item<unknown>).seq, at);
  for (const result of results as readonly AnyResult[]) {
    const seq = seqOf(stage, result);
    const place = places.get(seq);
    if (place === undefined) throw contractBroken(stage, `result for item ${seq}: expected an item of the batch, found another one`);
    if (answers[place] !== undefined) throw contractBroken(stage, `results for item ${seq}: expected one, found two`);
    answers[place] = answerOf(stage, result, attempts);
  }
  for (let at = 0; at < batch.length; at += 1) {
    if (answers[at] === undefined)
      throw contractBroken(stage, `results for item ${(batch[at] as Item<unknown>).seq}: expected one, found none`);
  }
  return answers;
}

function isInOrder(stage: string, batch: readonly Item<unknown>[], results: readonly AnyResult[]): boolean {
  for (let at = 0; at < batch.length; at += 1) {
    if (seqOf(stage, results[at] as AnyResult) !== (batch[at] as Item<unknown>).seq) return false;
  }
  return true;
}

function seqOf(stage: string, result: AnyResult): number {
  if (typeof result !== "object" || result === null) throw contractBroken(stage, `result: expected an object, found ${String(result)}`);
  return "item" in result ? result.item.seq : result.seq;
}

function answerOf(stage: string, result: AnyResult, attempts: number): Answer {
  switch (result.kind) {
    case "ok":
    case "bypass":
      if ("item" in result && !(result.item.bytes >= 0 && result.item.bytes < Number.POSITIVE_INFINITY)) {
        throw contractBroken(stage, `bytes of item ${result.item.seq}: expected a number from 0, found ${result.item.bytes}`);
      }
      return result;
    case "skip":
      return result;
    case "fail":
      return { kind: "fail", error: HeadraceError.from(result.error), attempts };
    default:
      result satisfies never;
      throw contractBroken(stage, `kind of a result: expected ok, bypass, skip or fail, found ${String((result as AnyResult).kind)}`);
  }
}
