/** What became of the images of an insertion, and the answer that says so. */
import type { HeadraceError } from "../../contracts/index.js";
import { itemProblem } from "../wire/problems.js";

/** What became of one image. `error` is null unless it failed. */
export interface SettledImage {
  readonly id: string;
  readonly status: "stored" | "unchanged" | "failed";
  readonly error: HeadraceError | null;
}

export function insertionAnswer(images: readonly SettledImage[]): object {
  const count = (status: SettledImage["status"]): number => images.filter((image) => image.status === status).length;
  return {
    stored: count("stored"),
    unchanged: count("unchanged"),
    failed: count("failed"),
    items: images.map(({ id, error }, index) =>
      error === null ? { index, id, status: "stored" } : { index, id, status: "failed", problem: itemProblem(error) },
    ),
  };
}
