/** Whether a run will have more than a few images, before they are listed. */
import { opendir, stat } from "node:fs/promises";
import { isContainer } from "../container-kinds.js";
import type { Inputs } from "../inputs.js";
import type { ListingRequest } from "./listings.js";

export type ExpectedImages = "few" | "many";

/** One batch of most models. Measured: with 10 images, workers that start early compete with the opening of other parts and save nothing. */
const maxFew = 32;

/** A glob, a list, a table, an archive, or a folder in a folder counts as many. */
export async function expectedImages({ paths, filesFrom, manifest, limit }: ListingRequest): Promise<ExpectedImages> {
  if (limit !== undefined && limit <= maxFew) return "few";
  if (filesFrom !== undefined || manifest !== undefined || paths.length > maxFew || paths.some(isContainer)) return "many";
  const counts = await Promise.all(paths.map(countUpToMany));
  return counts.reduce((sum, count) => sum + count, 0) > maxFew ? "many" : "few";
}

/** A list of inputs tells its length. */
export function expectedInputs(inputs: Inputs): ExpectedImages {
  return Array.isArray(inputs) && inputs.length > maxFew ? "many" : "few";
}

/** Reads no more of a folder than it takes to know that it has many entries. */
async function countUpToMany(path: string): Promise<number> {
  if (/^https?:/i.test(path)) return path.includes("{") ? Number.POSITIVE_INFINITY : 1;
  try {
    if (!(await stat(path)).isDirectory()) return 1;
    let count = 0;
    for await (const entry of await opendir(path)) {
      count += entry.isFile() ? 1 : Number.POSITIVE_INFINITY;
      if (count > maxFew) break;
    }
    return count;
  } catch {
    // A glob, or a path that the run will report.
    return Number.POSITIVE_INFINITY;
  }
}
