/** Notes which tables, lists and archives among the inputs of a run were listed to their end, and how many could not be read. */
import type { Outcome } from "../../contracts/index.js";
import type { InputStream } from "./listings.js";

export class SourceFiles {
  readonly #listed = new Set<string>();
  #unlisted = 0;

  /** The URIs of the files that were listed to their end. */
  get listed(): ReadonlySet<string> {
    return this.#listed;
  }

  /** Number of files that could not be read. */
  get unlisted(): number {
    return this.#unlisted;
  }

  /** `idType`: that of the collection, if it exists. */
  watch(inputs: InputStream, idType: "text" | "int64" | undefined): (stop: AbortSignal) => ReturnType<InputStream> {
    return (stop) => inputs(stop, (uri) => void this.#listed.add(uri), idType);
  }

  settle(outcome: Outcome): void {
    if (outcome.kind === "failed" && outcome.facts.listed?.unlisted !== undefined) this.#unlisted += 1;
  }
}
