/** Parts that are watched: how often each is opened and closed, and whether anybody uses it before, after or meanwhile. */
import type { Collection, Part, VectorStore } from "../../src/contracts/index.js";

/** What became of one part. */
export class Life {
  /** Calls of `open` that succeeded. */
  opened = 0;
  closed = 0;
  uses = 0;
  /** What must not happen. */
  readonly breaches: string[] = [];
  #running: readonly string[] = [];
  #isOpening = false;

  constructor(
    readonly name: string,
    isOpen = false,
  ) {
    this.opened = isOpen ? 1 : 0;
  }

  get isOpen(): boolean {
    return this.opened > this.closed;
  }

  async open(work: () => Promise<void> | undefined): Promise<void> {
    if (this.isOpen || this.#isOpening) this.breaches.push("opened when it was open");
    this.#isOpening = true;
    try {
      await work();
      this.opened += 1;
    } finally {
      this.#isOpening = false;
    }
  }

  async close(work: () => Promise<void> | undefined): Promise<void> {
    if (!this.isOpen) this.breaches.push("closed when it was not open");
    for (const call of this.#running) this.breaches.push(`closed during ${call}`);
    this.closed += 1;
    await work();
  }

  use<T>(call: string, work: () => T): T {
    if (!this.isOpen) this.breaches.push(`${call} when it was not open`);
    this.uses += 1;
    const result = work();
    if (!(result instanceof Promise)) return result;
    this.#running = [...this.#running, call];
    const ended = (): void => {
      const at = this.#running.indexOf(call);
      this.#running = this.#running.filter((_, index) => index !== at);
    };
    result.then(ended, ended);
    return result;
  }
}

export interface WatchedOptions {
  /** Awaited by each `open` before the part's own: takes time, or throws. */
  readonly opening?: (signal: AbortSignal) => Promise<void>;
}

/** The part as it is, watched; `instead` is called in the place of its own methods. */
export function watchedPart<T extends Part>(part: T, life: Life, { opening }: WatchedOptions = {}, instead: Partial<T> = {}): T {
  return watched(part, life, {
    open: (signal: AbortSignal) =>
      life.open(async () => {
        await opening?.(signal);
        await part.open?.(signal);
      }),
    close: () => life.close(() => part.close?.()),
    ...instead,
  });
}

/** A store whose collections are watched too: each begins a life when it is opened. */
export function watchedStore(store: VectorStore, lives: Life[], options: WatchedOptions = {}): VectorStore {
  const life = new Life("store");
  lives.push(life);
  const watchedCollection = async (opening: Promise<Collection>): Promise<Collection> => {
    const collection = await opening;
    const each = new Life("collection", true);
    lives.push(each);
    return watched(collection, each, { close: () => each.close(() => collection.close()) });
  };
  return watchedPart(store, life, options, {
    create: (...args) => life.use("create", () => watchedCollection(store.create(...args))),
    openCollection: (...args) => life.use("openCollection", () => watchedCollection(store.openCollection(...args))),
  });
}

/** Watches all instances of a class, until what it gives back is called. */
export function watchClass(type: { readonly prototype: Part }, lives: Life[]): () => void {
  const { prototype } = type;
  const original = Object.getOwnPropertyDescriptors(prototype);
  const byInstance = new WeakMap<object, Life>();
  const lifeOf = (part: Part): Life => {
    const life = byInstance.get(part) ?? new Life(part.name);
    if (!byInstance.has(part)) lives.push(life);
    byInstance.set(part, life);
    return life;
  };
  for (const [call, { value }] of Object.entries(original)) {
    if (call === "constructor" || typeof value !== "function") continue;
    Object.defineProperty(prototype, call, {
      configurable: true,
      value(this: Part, ...args: unknown[]) {
        const life = lifeOf(this);
        const work = (): Promise<void> => Reflect.apply(value, this, args);
        if (call === "open") return life.open(work);
        return call === "close" ? life.close(work) : life.use(call, work);
      },
    });
  }
  return () => void Object.defineProperties(prototype, original);
}

/** Each method counts as a use, but for those that `instead` has. */
function watched<T extends object>(target: T, life: Life, instead: object): T {
  return new Proxy(target, {
    get: (_, property) => {
      if (Object.hasOwn(instead, property)) return Reflect.get(instead, property);
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => life.use(String(property), () => Reflect.apply(value, target, args));
    },
  });
}
