/** Layers of async iterables that add little time per item. A generator in between needs several promises per item. */

/** Maps items one by one. Like a generator, it closes `items` when `map` throws. */
export function mapItems<I, O>(items: AsyncIterable<I>, map: (item: I) => O): AsyncIterableIterator<O> {
  const iterator = items[Symbol.asyncIterator]();
  const close = async () => void (await iterator.return?.());
  const mapResult = (result: IteratorResult<I>): IteratorResult<O> | Promise<never> => {
    if (result.done === true) return ended;
    try {
      return { done: false, value: map(result.value) };
    } catch (error) {
      return close().then(() => Promise.reject(error));
    }
  };
  return iterable({ next: () => iterator.next().then(mapResult), close });
}

/** The items of an iterable that is made when the first item is needed. */
export function itemsOnceMade<T>(make: () => Promise<AsyncIterable<T>>): AsyncIterableIterator<T> {
  let making: Promise<AsyncIterator<T>> | null = null;
  let made: AsyncIterator<T> | null = null;
  let isClosed = false;
  const start = async (): Promise<AsyncIterator<T>> => {
    made = (await make())[Symbol.asyncIterator]();
    return made;
  };
  return iterable({
    next: () => {
      if (made !== null) return made.next();
      if (isClosed) return Promise.resolve(ended);
      making ??= start();
      return making.then((iterator) => iterator.next());
    },
    close: async () => {
      isClosed = true;
      await (await making)?.return?.();
    },
  });
}

interface Steps<T> {
  readonly next: () => Promise<IteratorResult<T>>;
  readonly close: () => Promise<void>;
}

const ended: IteratorReturnResult<undefined> = { done: true, value: undefined };

function iterable<T>({ next, close }: Steps<T>): AsyncIterableIterator<T> {
  return {
    next,
    return: async () => {
      await close();
      return ended;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
