/** Saves the query and the hits of a search as one page. */
import type { Hit } from "../../contracts/index.js";
import type { SavedImage } from "./saved-data.js";
import { linkTo, pictureOf, savedPage, type Thumbnail } from "./saved-page.js";

export interface ResultsView {
  /** The query's name for people, for example its path. */
  readonly query: string;
  /** Path of the query image; null if the query is an id or a vector. */
  readonly queryImage: string | null;
  readonly collection: string;
  readonly filter: string | null;
  readonly hits: readonly Hit[];
  /** Returns the current path or URL of the image that `source` names. */
  readonly placeOf: (source: string) => string;
  readonly thumbnail: Thumbnail;
}

export async function resultsPage({ query, queryImage, collection, filter, hits, placeOf, thumbnail }: ResultsView): Promise<string> {
  const images: SavedImage[] = [];
  for (const { id, score, facts } of hits) {
    const { source, width, height, metadata } = facts;
    const place = placeOf(source);
    const picture = await pictureOf(place, thumbnail);
    images.push({ id: String(id), source, width, height, metadata, score, mark: null, link: linkTo(place), picture });
  }
  const picture = queryImage === null ? null : await pictureOf(queryImage, thumbnail);
  return savedPage({
    kind: "search",
    collection,
    query: { label: query, isImage: queryImage !== null, picture },
    filter: filter ?? "",
    hits: images,
  });
}
