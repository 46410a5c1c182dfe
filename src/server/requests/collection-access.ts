/** Which collections an API key may use. */
import type { FastifyRequest } from "fastify";
import { Refused } from "../wire/problems.js";

export class CollectionAccess {
  readonly #names: readonly string[] | null;

  /** `names`: collections and aliases, as requests write them. A `*` at the end stands for any ending. null: all. */
  constructor(names: readonly string[] | null) {
    this.#names = names;
  }

  /** Whether some collections are out of reach. */
  get isLimited(): boolean {
    return this.#names !== null;
  }

  allows(collection: string): boolean {
    return this.#names?.some((name) => (name.endsWith("*") ? collection.startsWith(name.slice(0, -1)) : collection === name)) ?? true;
  }

  /** Throws `collection_refused`. The answer is the same whether the collection exists or not. */
  check(collection: string): void {
    if (!this.allows(collection)) throw new Refused("collection_refused");
  }
}

interface ShownByPath {
  /** As the route's. */
  readonly path: string;
  readonly limitedKeys?: "allowed" | "refused";
}

/** Checks what a request shows before its body is read. Throws `collection_refused`. */
export function refuseOthersCollections(
  { path, limitedKeys }: ShownByPath,
  { params }: FastifyRequest,
  access: CollectionAccess | undefined,
): void {
  if (access?.isLimited !== true) return;
  if (path.includes("{name}")) access.check((params as { readonly name: string }).name);
  else if (limitedKeys !== "allowed") throw new Refused("collection_refused", "Only keys for all collections may use this path.");
}
