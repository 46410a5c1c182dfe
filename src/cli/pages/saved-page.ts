/** A page that is one file: the built page with data and pictures in it. */
import { readFile } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { SavedData } from "./saved-data.js";

/** Returns a small JPEG of an image; null when the image does not exist any more or cannot be decoded. */
export type Thumbnail = (place: string) => Promise<Uint8Array | null>;

/** The place is the same for the command's own file and for its chunks: each is in a folder of dist. */
const template = new URL("../../saved-page/index.html", import.meta.url);
const dataElement = '<script type="application/json" id="data">';

export async function savedPage(data: SavedData): Promise<string> {
  const page = await readFile(template, "utf8");
  const at = page.indexOf(dataElement) + dataElement.length;
  return `${page.slice(0, at)}${jsonInHtml(data)}${page.slice(at)}`;
}

export async function pictureOf(place: string, thumbnail: Thumbnail): Promise<string | null> {
  const picture = await thumbnail(place);
  return picture === null ? null : Buffer.from(picture).toString("base64");
}

/**
 * Returns the link to a path or URL; null if a browser cannot open it. A source can be any text, so the link must not be able to run a
 * script.
 */
export function linkTo(place: string): string | null {
  if (isAbsolute(place)) return pathToFileURL(place).href;
  return /^(file|https?):\/\//i.test(place) ? place : null;
}

/** No text in the data can end the element that it is in. */
function jsonInHtml(data: SavedData): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}
