/** Rows that one collection has and the other lacks: those of an old collection before it is dropped, and those of a new one after a switch back. */
import { type Collection, HeadraceError, type Key, type VectorStore } from "../../contracts/index.js";
import { rowsOnlyIn } from "../../operations/index.js";
import { closed, closedOnError } from "../lifetimes/closing.js";
import { insertedSinceFilter, liveRowsSince } from "./live-since.js";

/** Examples in a message. */
const maxExamples = 3;

/** Opens both collections to read, for as long as `use` runs. */
export async function withBoth<T>(
  store: VectorStore,
  [first, second]: readonly [string, string],
  use: (first: Collection, second: Collection) => Promise<T>,
): Promise<T> {
  const one = await store.openCollection(first, "read");
  const other = await closedOnError([one], () => store.openCollection(second, "read"));
  return closed([one, other], () => use(one, other));
}

export interface LeftBehind {
  readonly ids: readonly Key[];
  /** Sources of the first rows. */
  readonly examples: readonly string[];
}

/** Finds all rows that only `one` has. */
export async function leftBehind(one: Collection, other: Collection, signal: AbortSignal): Promise<LeftBehind> {
  const ids: Key[] = [];
  const examples: string[] = [];
  for await (const rows of rowsOnlyIn(one, other, { signal })) {
    for (const { id } of rows) ids.push(id);
    examples.push(...rows.slice(0, maxExamples - examples.length).map(({ facts }) => facts.source));
  }
  return { ids, examples };
}

/** Counts the rows that programs inserted through the alias into `from`, and that `to` lacks. */
export async function insertedMeanwhile(from: Collection, to: Collection, signal: AbortSignal): Promise<number> {
  const since = await liveRowsSince(from);
  if (since === null) return 0;
  let count = 0;
  for await (const rows of rowsOnlyIn(from, to, { signal, filter: insertedSinceFilter(since) })) count += rows.length;
  return count;
}

/** Throws `drop_refused` if more rows would be lost than the caller names. */
export function checkLeftBehind(
  { ids, examples }: LeftBehind,
  names: { readonly alias: string; readonly live: string; readonly previous: string },
  acceptMissing: number,
): void {
  if (ids.length <= acceptMissing) return;
  const { alias, live, previous } = names;
  throw new HeadraceError(
    "drop_refused",
    `drop of ${previous}: expected at most ${acceptMissing} rows that ${live} lacks, found ${ids.length}, such as ${examples.join(", ")}`,
    {
      item: previous,
      hint:
        `Insert their images into ${live}: headrace retry, or ingest them again. ` +
        `If they shall go: headrace reembed ${alias} --finish --yes --accept-missing ${ids.length}`,
    },
  );
}
