/** Why rows are kept whose image a listing has not named. The complete list of reasons. */

/** For each reason: what is known about such rows, as the end of a sentence that begins with "rows kept:". */
export const keptReasons = {
  source_not_found: "their source was not found; perhaps it is not mounted",
  root_empty: "their source lists no image at all; perhaps it is not mounted",
  source_changed: "their folder is no longer the one that was listed; perhaps it is not mounted any more",
  listing_incomplete: "their source, or the folder that they are in, was not listed to its end",
  list_unnamed: "a list from a pipe has no name, so its rows are unknown; name it with --as NAME",
  over_limit: "more rows of their source are gone than may be deleted; see --max-deletions",
  image_exists: "the image exists, although the source does not list it",
  newer: "they were stored after the listing began",
  cannot_look: "nobody can tell whether the image exists",
} as const;

export type KeptReason = keyof typeof keptReasons;

/** Numbers of kept rows by reason. Reasons without rows are absent. */
export type KeptCounts = Readonly<Partial<Record<KeptReason, number>>>;

export class KeptRows {
  readonly #counts = new Map<KeptReason, number>();

  get counts(): KeptCounts {
    return Object.fromEntries(this.#counts);
  }

  /** `rows` may be 0, for a reason that must be named even if no row is known. */
  add(reason: KeptReason, rows = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + rows);
  }
}
