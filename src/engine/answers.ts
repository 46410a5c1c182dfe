/** Holds a stage to its contract: exactly one answer for each item, matched by seq. */
import { HeadraceError, type Item, type Row, type SinkResult } from "../contracts/index.js";
import { contractBroken } from "./errors.js";

/** What a stage or a sink said of one item; a failure knows how many calls it took. */
export type Answer =
  | { readonly kind: "ok"; readonly item?: Item<unknown> }
  | { readonly kind: "bypass"; readonly item: Item<Row> }
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "fail"; readonly error: HeadraceError; readonly attempts: number };

/** A result of a stage or of a sink, before it is looked at. */
export type AnyResult =
  | SinkResult
  | { readonly kind: "ok"; readonly item: Item<unknown> }
  | { readonly kind: "bypass"; readonly item: Item<Row> };

/** One answer for each item of the batch, in its order. Throws `contract_broken`. */
export function matchAnswers(stage: string, batch: readonly Item<unknown>[], results: readonly AnyResult[], attempts: number): Answer[] {
  if (!Array.isArray(results)) throw contractBroken(stage, `answered with ${typeof results}: expected one result for each item`);
  const answers = new Array<Answer>(batch.length);
  if (results.length === batch.length && inOrder(stage, batch, results)) {
    for (let at = 0; at < results.length; at += 1) answers[at] = answerOf(stage, results[at] as AnyResult, attempts);
    return answers;
  }
  const places = new Map<number, number>();
  for (let at = 0; at < batch.length; at += 1) places.set((batch[at] as Item<unknown>).seq, at);
  for (const result of results as readonly AnyResult[]) {
    const seq = seqOf(stage, result);
    const place = places.get(seq);
    if (place === undefined) throw contractBroken(stage, `answered for item ${seq}, which it was not given`);
    if (answers[place] !== undefined) throw contractBroken(stage, `answered twice for item ${seq}`);
    answers[place] = answerOf(stage, result, attempts);
  }
  for (let at = 0; at < batch.length; at += 1) {
    if (answers[at] === undefined) throw contractBroken(stage, `gave no answer for item ${(batch[at] as Item<unknown>).seq}`);
  }
  return answers;
}

function inOrder(stage: string, batch: readonly Item<unknown>[], results: readonly AnyResult[]): boolean {
  for (let at = 0; at < batch.length; at += 1) {
    if (seqOf(stage, results[at] as AnyResult) !== (batch[at] as Item<unknown>).seq) return false;
  }
  return true;
}

function seqOf(stage: string, result: AnyResult): number {
  if (typeof result !== "object" || result === null) throw contractBroken(stage, `gave ${String(result)} for a result`);
  return "item" in result ? result.item.seq : result.seq;
}

function answerOf(stage: string, result: AnyResult, attempts: number): Answer {
  switch (result.kind) {
    case "ok":
    case "bypass":
      if ("item" in result && !(result.item.bytes >= 0 && result.item.bytes < Number.POSITIVE_INFINITY)) {
        throw contractBroken(stage, `gave item ${result.item.seq} a size of ${result.item.bytes} bytes: expected a number from 0`);
      }
      return result;
    case "skip":
      return result;
    case "fail":
      return { kind: "fail", error: HeadraceError.from(result.error), attempts };
    default:
      result satisfies never;
      throw contractBroken(stage, "gave a result of an unknown kind: expected ok, bypass, skip or fail");
  }
}
