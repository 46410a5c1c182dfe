/** Remembers which sources a listing has named, and which images, so that rows of other images can be found in the collection afterwards. */
import {
  type Collection,
  type Filter,
  HeadraceError,
  type ImageRef,
  type IngestInput,
  type Key,
  type NamedSource,
  type SourceEvent,
  type StoredRow,
} from "../../contracts/index.js";
import { type Hash, HashTable, hashOfText } from "../../kit/index.js";
import type { KeptReason } from "./kept-rows.js";
import { hasBelow, hasRoot, isBelow, isPlain, type RowPlace } from "./source-scope.js";

/** Maximum number of sources. Each becomes a part of one filter, which the store compares with every row. */
const maxSources = 100;
/** Maximum number of remembered parts of a source that cannot be listed. With more, the whole source counts as not listed. */
const maxUnreadable = 1_000;

export interface ListedSourcesOptions {
  /** Whether a root is the name of a table, a list or an archive. Default: no root is. */
  readonly isContainer?: (root: string) => boolean;
  /** "prune": the rows of tables, lists and archives below a listed folder belong to this folder, too. Default "keep". */
  readonly goneContainers?: "keep" | "prune";
}

/** One source of a listing. `named` null: a source that was not found, or that the listing has not named. Single images are no sources. */
export interface ListedSource {
  readonly root: string;
  readonly named: NamedSource | null;
  /** Number of images that it has listed, with duplicates. */
  readonly listed: number;
  /** Whether its images came with metadata. */
  readonly givesMetadata: boolean;
}

/** What the listing says about a row. "listed": it has named the row. "unlisted": it has not, and was complete. Otherwise: why it cannot tell. */
export interface RowStanding {
  readonly source: ListedSource;
  readonly standing: "listed" | "unlisted" | KeptReason;
}

class SourceState implements ListedSource {
  named: NamedSource | null = null;
  isMissing = false;
  isDamaged = false;
  givesMetadata = false;
  listed = 0;
  begun = 0;
  ended = 0;
  readonly unreadable: string[] = [];

  constructor(readonly root: string) {}

  /** Whether also rows with another root belong to the source, if their own source is below it. */
  get hasBelow(): boolean {
    return this.isMissing || this.named?.kind === "folder" || this.named?.kind === "prefix";
  }

  doubtAbout({ source }: RowPlace): KeptReason | null {
    if (this.isMissing) return "source_not_found";
    if (this.named === null) return "image_exists";
    if (this.named.kind === "container" && !this.named.isNamed) return "list_unnamed";
    if (this.isDamaged || this.begun !== this.ended || this.unreadable.length > maxUnreadable) return "listing_incomplete";
    if (this.unreadable.some((uri) => uri === source || isBelow(source, uri))) return "listing_incomplete";
    return this.listed === 0 ? "root_empty" : null;
  }
}

/** Needs 11 to 16 bytes of memory per image. */
export class ListedSources {
  readonly #ids = new HashTable({ values: 0 });
  readonly #states = new Map<string, SourceState>();
  readonly #isContainer: (root: string) => boolean;
  readonly #goneContainers: "keep" | "prune";
  #count = 0;

  constructor({ isContainer = () => false, goneContainers = "keep" }: ListedSourcesOptions = {}) {
    this.#isContainer = isContainer;
    this.#goneContainers = goneContainers;
  }

  /** Number of images that were listed, with duplicates. */
  get count(): number {
    return this.#count;
  }

  get sources(): readonly ListedSource[] {
    return [...new Set(this.#states.values())];
  }

  /** Passes inputs on, and remembers them. Throws `usage_invalid` for too many sources. */
  async *remember(inputs: AsyncIterable<IngestInput>): AsyncGenerator<IngestInput> {
    for await (const input of inputs) {
      this.#add(input);
      yield input;
    }
  }

  readonly note = (event: SourceEvent): void => {
    const state = this.#state(event.kind === "begun" ? event.source.root : event.root);
    switch (event.kind) {
      case "begun":
        state.named = event.source;
        state.begun += 1;
        if (event.source.kind === "container") for (const former of event.source.formerRoots) this.#states.set(former, state);
        return;
      case "ended":
        state.ended += 1;
        return;
      case "missing":
        state.isMissing = true;
        return;
      case "unreadable":
        if (state.unreadable.length <= maxUnreadable) state.unreadable.push(event.uri);
        return;
      default:
        event satisfies never;
    }
  };

  /** Returns true if the listing has named an image with this id. */
  has(id: Key): boolean {
    return this.#ids.get(hashOfId(id)) !== null;
  }

  /** Returns what the listing says about a row; null for a row of another source. */
  standingOf({ id, facts }: Pick<StoredRow, "id" | "facts">): RowStanding | null {
    const isListed = this.has(id);
    const own = this.#states.get(facts.root);
    if (isListed && own !== undefined) return { source: own, standing: "listed" };
    const states = this.#statesOf(facts);
    const [source] = states;
    if (source === undefined) return null;
    if (isListed) return { source, standing: "listed" };
    for (const state of states) {
      const doubt = state.doubtAbout(facts);
      if (doubt !== null) return { source, standing: doubt };
    }
    return { source, standing: "unlisted" };
  }

  /** Returns true if one source contains both rows. */
  areTogether(a: RowPlace, b: RowPlace): boolean {
    const states = this.#statesOf(a);
    return this.#statesOf(b).some((state) => states.includes(state));
  }

  /** Returns true for a row of a table, a list or an archive. */
  isContained(place: RowPlace): boolean {
    return !isPlain(place, this.#isContainer);
  }

  /** Streams the rows of all sources, and others that may belong to them. */
  async *rowsInScope(
    collection: Pick<Collection, "scan">,
    options: { readonly vectors: "include" | "omit"; readonly signal: AbortSignal },
  ): AsyncGenerator<readonly StoredRow[]> {
    if (this.#states.size > 0) yield* collection.scan({ ...options, filter: this.#scope() });
  }

  #add({ id, ref }: IngestInput): void {
    this.#count += 1;
    this.#ids.first(hashOfId(id), []);
    const { uri, root } = ref;
    // A single image says nothing about other rows. So it is no source, and a shell's glob may name thousands of them.
    if (root === uri && !this.#states.has(root)) return;
    const state = this.#state(root);
    state.listed += 1;
    if (ref.metadata !== null) state.givesMetadata = true;
    if (hidesOthers(ref)) state.isDamaged = true;
  }

  #state(root: string): SourceState {
    const known = this.#states.get(root);
    if (known !== undefined) return known;
    if (this.#states.size >= maxSources) {
      throw new HeadraceError("usage_invalid", `sources: expected at most ${maxSources} folders, globs and manifests, found more`, {
        hint: "Name the folder that contains them, or write a manifest.",
      });
    }
    const state = new SourceState(root);
    this.#states.set(root, state);
    return state;
  }

  /** The first one owns the row: the source that is its root, or else the smallest folder that contains it. */
  #statesOf(place: RowPlace): readonly SourceState[] {
    const own = this.#states.get(place.root);
    const others = [...this.#states.values()]
      .filter((state) => state !== own && this.#contains(state, place))
      .sort((a, b) => b.root.length - a.root.length);
    return own === undefined ? others : [own, ...others];
  }

  #contains(state: SourceState, place: RowPlace): boolean {
    if (!state.hasBelow) return false;
    if (isBelow(place.source, state.root)) return !this.isContained(place);
    return this.#goneContainers === "prune" && isBelow(place.root, state.root) && this.isContained(place);
  }

  #scope(): Filter {
    const below = ["source", ...(this.#goneContainers === "prune" ? ["root"] : [])] as readonly ("source" | "root")[];
    const any = [...this.#states].flatMap(([root, state]): Filter[] => [
      hasRoot(root),
      ...(state.hasBelow ? below.map((key) => hasBelow(key, root)) : []),
    ]);
    return { kind: "or", any };
  }
}

/** A bad line, a torn archive or an image without a usable id may hide any image of its source. */
function hidesOthers({ refused }: ImageRef): boolean {
  return refused?.kind === "fail" || (refused?.kind === "skip" && refused.reason === "bad_line");
}

/** A text id and a number id with the same characters get different hashes. */
function hashOfId(id: Key): Hash {
  return hashOfText(`${typeof id} ${id}`);
}
