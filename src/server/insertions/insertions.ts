/**
 * Gathers small insertions: those that arrive while rows of the same collection are written become one run, and so share batches of the
 * model and writes of the store. Each is answered when its own rows are durable.
 */
import type { DescribedInput, ImageEmbeddingPipeline } from "../../app/index.js";
import { HeadraceError, type Observer, type Outcome } from "../../contracts/index.js";
import { abortedError, listenForAbort, unlessAborted } from "../../kit/index.js";
import type { RunStart } from "../telemetry/run-span.js";
import type { WatchedRun } from "../telemetry/telemetry.js";
import type { SettledImage } from "./settled-images.js";
import { WaitingInsertions } from "./waiting-insertions.js";

/** An image that is named: by a path, a URL, or the SHA-256 of its bytes. */
export type IdentifiedInput = Omit<DescribedInput, "input"> & { readonly input: Exclude<DescribedInput["input"], Uint8Array> };

/** What a run needs from its caller. */
export interface RunHooks {
  readonly observer: Observer;
  readonly signal: AbortSignal;
}

/** Starts a run that settles each image of its insertions once, in their order. */
type Begin = (hooks: RunHooks) => Promise<unknown>;

interface Insertion {
  readonly inputs: readonly IdentifiedInput[];
  /** The number of its images. */
  readonly size: number;
  /** The ids and the sources of its images. Two insertions that share one are not in the same run, where the second would be a duplicate. */
  readonly identities: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly spans: RunStart["requests"];
  readonly settle: (images: readonly SettledImage[]) => void;
  readonly fail: (error: unknown) => void;
}

export interface InsertionCall {
  readonly signal: AbortSignal;
  /** The span of the request; empty without traces. */
  readonly spans: RunStart["requests"];
}

/** Called for each run. What it returns gets the events of the run. */
export type WatchRun = (collection: string, requests: RunStart["requests"]) => Pick<WatchedRun, "observer" | "detach">;

const notWatched: WatchRun = () => ({ observer: () => undefined, detach: () => undefined });

/** Insertions with more images run alone at once, so that smaller ones do not wait for them. */
const maxGatheredImages = 8;
const maxImagesOfRun = 128;

export class Insertions {
  readonly #pipeline: Pick<ImageEmbeddingPipeline, "countIds" | "insertImagesAsync">;
  readonly #watchRun: WatchRun;
  /** By collection: the insertions for the next run. A collection is in the map while one of its gathered runs is writing. */
  readonly #waiting = new Map<string, WaitingInsertions<Insertion>>();
  readonly #working = new Set<Promise<void>>();

  constructor(pipeline: Pick<ImageEmbeddingPipeline, "countIds" | "insertImagesAsync">, watchRun: WatchRun = notWatched) {
    this.#pipeline = pipeline;
    this.#watchRun = watchRun;
  }

  /** Resolves when all rows are durable, with one entry per image. Throws `collection_not_found`, and the error of a run that fails. */
  insert(collectionName: string, inputs: readonly IdentifiedInput[], { signal, spans }: InsertionCall): Promise<readonly SettledImage[]> {
    const settled = new Promise<readonly SettledImage[]>((settle, fail) => {
      const identities = new Set(inputs.flatMap(identitiesOf));
      const insertion = { inputs, size: inputs.length, identities, signal, spans, settle, fail };
      const waiting = this.#waiting.get(collectionName);
      if (inputs.length > maxGatheredImages) this.#own(this.#writeImages(collectionName, [insertion]).written);
      else if (waiting !== undefined) waiting.add(insertion);
      else this.#own(this.#writeWaiting(collectionName, insertion));
    });
    return unlessAborted(settled, signal, `insertion into ${collectionName}`);
  }

  /** Like `insert`, for a run of its own with so many images, which `begin` starts. */
  insertAlone(collectionName: string, size: number, begin: Begin, { signal, spans }: InsertionCall): Promise<readonly SettledImage[]> {
    const settled = new Promise<readonly SettledImage[]>((settle, fail) => {
      const insertion = { inputs: [], size, identities: new Set<string>(), signal, spans, settle, fail };
      this.#own(this.#write(collectionName, [insertion], begin).written);
    });
    return unlessAborted(settled, signal, `insertion into ${collectionName}`);
  }

  /** Resolves when nothing is written any more, and the upkeep after it has ended. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  #own(work: Promise<void>): void {
    this.#working.add(work);
    void work.then(() => this.#working.delete(work));
  }

  async #writeWaiting(collectionName: string, first: Insertion): Promise<void> {
    const waiting = new WaitingInsertions<Insertion>();
    this.#waiting.set(collectionName, waiting);
    waiting.add(first);
    while (waiting.list.length > 0) {
      const next = nextOf(waiting.list);
      const startedMs = performance.now();
      const { answered, written } = this.#writeImages(collectionName, next);
      this.#own(written);
      await answered;
      await waiting.gather({ requests: next.length, tookMs: performance.now() - startedMs });
    }
    this.#waiting.delete(collectionName);
  }

  #writeImages(collectionName: string, insertions: readonly Insertion[]): Written {
    const inputs = insertions.flatMap((insertion) => insertion.inputs);
    return this.#write(collectionName, insertions, (hooks) =>
      this.#pipeline.insertImagesAsync({ inputs, collectionName, collectIds: "omit", ...hooks }),
    );
  }

  #write(collectionName: string, insertions: readonly Insertion[], begin: Begin): Written {
    const results = new Results(insertions);
    const stop = abortedWithAll(insertions);
    const written = this.#run(collectionName, insertions, { begin, results, signal: stop.signal })
      .catch((error: unknown) => results.failRest(error))
      .finally(stop.dispose);
    return { answered: Promise.race([results.complete, written]), written };
  }

  async #run(
    collectionName: string,
    insertions: readonly Insertion[],
    { begin, results, signal }: { readonly begin: Begin; readonly results: Results; readonly signal: AbortSignal },
  ): Promise<void> {
    // A missing collection is refused here, because a run would create it.
    await this.#pipeline.countIds(collectionName, []);
    const watched = this.#watchRun(
      collectionName,
      insertions.flatMap(({ spans }) => spans),
    );
    try {
      const observer: Observer = (event) => {
        watched.observer(event);
        results.observer(event);
      };
      await begin({ observer, signal });
    } catch (error) {
      watched.detach(HeadraceError.from(error));
      throw error;
    }
    results.failRest(new HeadraceError("unexpected", `insertion into ${collectionName}: expected a result per image, found fewer`));
  }
}

/** `answered` resolves when all insertions have their result; `written` resolves after upkeep. Neither rejects. */
interface Written {
  readonly answered: Promise<void>;
  readonly written: Promise<void>;
}

/** Takes the outcomes of a run, and gives each insertion its part when it is complete. */
class Results {
  readonly complete: Promise<void>;
  readonly #open = new Set<Insertion>();
  /** By position in the run: the insertion, and the position in it. */
  readonly #places: (readonly [Insertion, number])[] = [];
  readonly #images = new Map<Insertion, SettledImage[]>();
  readonly #missing = new Map<Insertion, number>();
  #finish: () => void = () => undefined;

  constructor(insertions: readonly Insertion[]) {
    this.complete = new Promise((resolve) => {
      this.#finish = resolve;
    });
    for (const insertion of insertions) {
      this.#open.add(insertion);
      this.#images.set(insertion, []);
      this.#missing.set(insertion, insertion.size);
      for (let index = 0; index < insertion.size; index += 1) this.#places.push([insertion, index]);
    }
  }

  readonly observer: Observer = (event) => {
    if (event.kind === "item-settled") this.#take(event.outcome);
  };

  /** Rejects the insertions that are not complete. */
  failRest(error: unknown): void {
    for (const { fail } of this.#open) fail(error);
    this.#open.clear();
    this.#finish();
  }

  #take(outcome: Outcome): void {
    const place = this.#places[outcome.seq];
    if (place === undefined || outcome.kind === "abandoned") return;
    const [insertion, index] = place;
    const images = this.#images.get(insertion) ?? [];
    images[index] = settledImage(outcome);
    const missing = (this.#missing.get(insertion) ?? 0) - 1;
    this.#missing.set(insertion, missing);
    if (missing > 0) return;
    insertion.settle(images);
    this.#open.delete(insertion);
    if (this.#open.size === 0) this.#finish();
  }
}

function settledImage(outcome: Exclude<Outcome, { readonly kind: "abandoned" }>): SettledImage {
  const id = String(outcome.id);
  if (outcome.kind === "failed") return { id, status: "failed", error: outcome.error };
  return { id, status: outcome.kind === "skipped" ? "unchanged" : "stored", error: null };
}

/** Takes as many insertions as fit into one run, in order. Those that would be duplicates of others wait for the next run. */
function nextOf(waiting: Insertion[]): readonly Insertion[] {
  const taken: Insertion[] = [];
  const identities = new Set<string>();
  let images = 0;
  for (const insertion of [...waiting]) {
    const isDuplicate = [...insertion.identities].some((each) => identities.has(each));
    // Also the later ones of a duplicate are duplicates: two insertions with the same id are written in the order in which they came.
    for (const each of insertion.identities) identities.add(each);
    if (isDuplicate || images + insertion.size > maxImagesOfRun) continue;
    images += insertion.size;
    taken.push(insertion);
    waiting.splice(waiting.indexOf(insertion), 1);
  }
  return taken;
}

function identitiesOf({ input, id }: IdentifiedInput): readonly string[] {
  const source = typeof input === "object" && "uri" in input ? input.uri : String(input);
  return id === undefined ? [source] : [`id ${id}`, source];
}

/** A signal that fires when the signals of all insertions have fired. */
function abortedWithAll(insertions: readonly Insertion[]): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const ending = new AbortController();
  let waiting = insertions.length;
  const disposers = insertions.map(({ signal }) => {
    const onAbort = (): void => {
      waiting -= 1;
      if (waiting === 0) ending.abort(abortedError(signal, "insertion"));
    };
    if (signal.aborted) onAbort();
    else listenForAbort(signal, onAbort);
    return () => signal.removeEventListener("abort", onAbort);
  });
  return { signal: ending.signal, dispose: () => disposers.forEach((dispose) => void dispose()) };
}
