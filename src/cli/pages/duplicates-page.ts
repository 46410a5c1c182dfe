/** Saves groups of duplicates as one page. */
import type { DuplicateGroup, DuplicateRow } from "../../app/index.js";
import type { SavedGroup, SavedImage } from "./saved-data.js";
import { linkTo, pictureOf, savedPage, type Thumbnail } from "./saved-page.js";

export interface DuplicatesView {
  readonly collection: string;
  readonly groups: readonly DuplicateGroup[];
  /** Number of groups that the page leaves out. */
  readonly more: number;
  readonly thumbnail: Thumbnail;
}

/** Most pictures of a group. */
const maxPictures = 12;

export async function duplicatesPage({ collection, groups, more, thumbnail }: DuplicatesView): Promise<string> {
  const saved: SavedGroup[] = [];
  for (const { keep, others } of groups) {
    const images = [await image(keep, { mark: "kept" })];
    for (const { score, sameContent, ...other } of others.slice(0, maxPictures - 1))
      images.push(await image(other, { mark: sameContent ? "same" : null, score }));
    saved.push({ images, more: 1 + others.length - images.length });
  }
  return savedPage({ kind: "duplicates", collection, groups: saved, more });

  async function image({ id, source, width, height }: DuplicateRow, said: Pick<SavedImage, "mark" | "score">): Promise<SavedImage> {
    return { id: String(id), source, width, height, ...said, link: linkTo(source), picture: await pictureOf(source, thumbnail) };
  }
}
