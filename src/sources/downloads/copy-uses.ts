/** Counts who needs the copies of remote files: those who have one open, and images of runs that are not settled yet. */
import type { ImageRef } from "../../contracts/index.js";
import { isRemoteMemberUri, mapItems, remoteMember } from "../../kit/index.js";
import type { CopyPurpose } from "./copy-room.js";

/** The images of one run. */
export interface RunUses {
  /** Called for each image before the run reads it. */
  expect(ref: ImageRef): void;
  /** Called once for each image that `expect` was called for. */
  settle(ref: ImageRef | undefined): void;
  /** The run has ended: no image is expected any more. */
  end(): void;
}

export class CopyUses {
  readonly #open = new Map<string, number>();
  #reading = 0;
  readonly #expected = new Map<string, number>();
  readonly #onUnused: (uri: string) => void;

  /** `onUnused`: called when nobody needs the copy of a file any more. */
  constructor(onUnused: (uri: string) => void) {
    this.#onUnused = onUnused;
  }

  has(uri: string): boolean {
    return this.isOpen(uri) || this.#expected.has(uri);
  }

  isOpen(uri: string): boolean {
    return this.#open.has(uri);
  }

  /** Returns whether a copy is open for reading. */
  get isBeingRead(): boolean {
    return this.#reading > 0;
  }

  isExpected(uri: string): boolean {
    return this.#expected.has(uri);
  }

  /** Returns a function that ends the use. Further calls of it have no effect. */
  begin(uri: string, purpose: CopyPurpose): () => void {
    const readers = purpose === "read" ? 1 : 0;
    let isOpen = true;
    add(this.#open, uri, 1);
    this.#reading += readers;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      add(this.#open, uri, -1);
      this.#reading -= readers;
      this.#notice(uri);
    };
  }

  ofRun(): RunUses {
    const own = new Map<string, number>();
    const change = (uri: string, by: number): void => {
      add(own, uri, by);
      add(this.#expected, uri, by);
      if (by < 0) this.#notice(uri);
    };
    return {
      expect: (ref) => {
        if (isRemoteMember(ref)) change(fileOf(ref), 1);
      },
      settle: (ref) => {
        if (ref === undefined || !isRemoteMember(ref)) return;
        const uri = fileOf(ref);
        if (own.has(uri)) change(uri, -1);
      },
      end: () => {
        for (const [uri, count] of [...own]) change(uri, -count);
      },
    };
  }

  #notice(uri: string): void {
    if (!this.has(uri)) this.#onUnused(uri);
  }
}

/** Tells `uses` about each image that a run pulls. */
export function expectCopies<T extends { readonly ref: ImageRef }>(
  inputs: (stop: AbortSignal) => AsyncIterable<T>,
  uses: RunUses,
): (stop: AbortSignal) => AsyncIterable<T> {
  return (stop) =>
    mapItems(inputs(stop), (input) => {
      uses.expect(input.ref);
      return input;
    });
}

function isRemoteMember({ scheme, uri }: ImageRef): boolean {
  return scheme.includes("+") && isRemoteMemberUri(uri);
}

function fileOf({ uri }: ImageRef): string {
  return remoteMember(uri).file.uri;
}

function add(counts: Map<string, number>, uri: string, by: number): void {
  const count = (counts.get(uri) ?? 0) + by;
  if (count > 0) counts.set(uri, count);
  else counts.delete(uri);
}
