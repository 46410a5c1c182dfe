/** Works ahead of the consumer, and hands on in order. */

/** Maps with up to `ahead` calls in flight. `map` must not reject. */
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
