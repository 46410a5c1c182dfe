/** What a saved page shows. The command line writes it into the file. */
import type { SavedData, SavedImage } from "../../../src/cli/pages/saved-data.js";

export type { SavedData, SavedImage };
export type SavedSearch = Extract<SavedData, { readonly kind: "search" }>;
export type SavedDuplicates = Extract<SavedData, { readonly kind: "duplicates" }>;

export function dataOf(document: Document): SavedData {
  return JSON.parse(document.getElementById("data")?.textContent ?? "") as SavedData;
}

/** The address of the picture inside the page. */
export function pictureUrl({ picture }: Pick<SavedImage, "picture">): string | null {
  return picture === null ? null : `data:image/jpeg;base64,${picture}`;
}
