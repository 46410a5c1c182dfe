/** Renders groups of duplicates as one self-contained HTML page with pictures. */
import type { DuplicateGroup, DuplicateRow } from "../app/index.js";
import { escapeHtml, figure, picturePage } from "./picture-page.js";
import { counted, shownSource } from "./printable-text.js";

export interface DuplicatesView {
  readonly collection: string;
  readonly groups: readonly DuplicateGroup[];
  /** Number of groups that the page leaves out. */
  readonly more: number;
  /** Returns a small JPEG of an image; null when the image does not exist any more or cannot be decoded. */
  readonly thumbnail: (place: string) => Promise<Uint8Array | null>;
}

/** Most pictures of a group. */
const maxPictures = 12;

export async function duplicatesPage({ collection, groups, more, thumbnail }: DuplicatesView): Promise<string> {
  const sections: string[] = [];
  for (const { keep, others } of groups) {
    const shown = others.slice(0, maxPictures - 1);
    const figures = [await row(keep, "kept")];
    for (const other of shown) figures.push(await row(other, other.sameContent ? "same file" : other.score.toFixed(4)));
    const left = others.length - shown.length;
    sections.push(
      `<h2>${counted(1 + others.length, "image")}</h2>\n<div class="hits">\n${figures.join("\n")}\n</div>${left > 0 ? `\n<p>and ${left} more</p>` : ""}`,
    );
  }
  const rest = more > 0 ? `\n<p>${counted(more, "group")} not shown</p>` : "";
  return picturePage(`Duplicates in ${collection}`, `<h1>Duplicates in ${escapeHtml(collection)}</h1>\n${sections.join("\n")}${rest}`);

  async function row({ source, width, height }: DuplicateRow, label: string): Promise<string> {
    const name = `${shownSource(source)} (${width} × ${height})`;
    return figure({ place: source, name, label, metadata: {}, picture: await thumbnail(source) });
  }
}
