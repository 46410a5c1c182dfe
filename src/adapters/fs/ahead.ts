/** Maps items concurrently, and yields the results in the order of the items. */

/** Runs up to `ahead` calls of `map` at the same time. The promise of `map` must not reject. */
export async function* mapAhead<I, O>(
  items: Iterable<I> | AsyncIterable<I>,
  ahead: number,
  map: (item: I) => Promise<O>,
): AsyncGenerator<O> {
  const pending: Promise<O>[] = [];
  try {
    for await (const item of items) {
      pending.push(map(item));
      if (pending.length >= ahead) yield (await pending.shift()) as O;
    }
    while (pending.length > 0) yield (await pending.shift()) as O;
  } finally {
    await Promise.all(pending);
  }
}
