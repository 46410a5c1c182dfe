/** Renders the query and hits of a search as one self-contained HTML page with pictures. */
import type { Hit } from "../contracts/index.js";
import { escapeHtml, figure, picturePage } from "./picture-page.js";
import { counted, shownSource } from "./printable-text.js";

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
  /** Returns a small JPEG of an image; null when the image does not exist any more or cannot be decoded. */
  readonly thumbnail: (place: string) => Promise<Uint8Array | null>;
}

export async function resultsPage(view: ResultsView): Promise<string> {
  const { query, queryImage, collection, filter, hits, placeOf, thumbnail } = view;
  const figures: string[] = [];
  for (const { facts, score } of hits) {
    const place = placeOf(facts.source);
    figures.push(
      figure({
        place,
        name: shownSource(facts.source),
        label: score.toFixed(4),
        metadata: facts.metadata,
        picture: await thumbnail(place),
      }),
    );
  }
  const queryFigure =
    queryImage === null
      ? `<p>${escapeHtml(query)}</p>`
      : figure({ place: queryImage, name: query, label: "query", metadata: {}, picture: await thumbnail(queryImage) });
  return picturePage(
    `${query} in ${collection}`,
    `<h1>Collection ${escapeHtml(collection)}</h1>
${filter === null ? "" : `<p>Filter: <code>${escapeHtml(filter)}</code></p>`}
<h2>Query</h2>
<div class="query">${queryFigure}</div>
<h2>${counted(hits.length, "hit")}, nearest first</h2>
<div class="hits">
${figures.join("\n")}
</div>`,
  );
}
