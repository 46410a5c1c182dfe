/** Whether a run will have more than a few images, before they are listed. */
import { stat } from "node:fs/promises";
import { isContainer } from "./container-kinds.js";
import type { Inputs } from "./inputs.js";
import type { ListingRequest } from "./listings.js";

export type ExpectedImages = "few" | "many";

/** The decode workers start at the latest with the image after these. */
const maxFew = 3;

/** "few" if the request names up to three single images. A folder, a glob, a list, a table or an archive counts as many. */
export async function expectedImages({ paths, filesFrom, manifest, limit }: ListingRequest): Promise<ExpectedImages> {
  if (limit !== undefined && limit <= maxFew) return "few";
  if (filesFrom !== undefined || manifest !== undefined || paths.length > maxFew || paths.some(isContainer)) return "many";
  const areSingle = await Promise.all(paths.map(isSingle));
  return areSingle.every(Boolean) ? "few" : "many";
}

/** A list of inputs tells its length. */
export function expectedInputs(inputs: Inputs): ExpectedImages {
  return Array.isArray(inputs) && inputs.length > maxFew ? "many" : "few";
}

async function isSingle(path: string): Promise<boolean> {
  if (/^https?:/i.test(path)) return !path.includes("{");
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
