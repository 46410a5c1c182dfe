/** Renders the query and hits of a search as one self-contained HTML page with pictures. */
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { Hit } from "../contracts/index.js";
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
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(query)} in ${escapeHtml(collection)} – Headrace</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
  body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
  h1 { font-size: 1.3rem; }
  h2 { font-size: 1.1rem; }
  .hits { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
  figure { margin: 0; }
  img, .gone { aspect-ratio: 1; background: #8883; border-radius: .4rem; object-fit: contain; width: 100%; }
  .query img, .query .gone { max-width: 16rem; }
  .gone { align-items: center; display: flex; justify-content: center; }
  figcaption, dl { font-size: .8rem; overflow-wrap: anywhere; }
  dl { column-gap: .5rem; display: grid; grid-template-columns: auto 1fr; margin: .2rem 0 0; }
  dd { margin: 0; }
  b { font-variant-numeric: tabular-nums; }
</style>
<h1>Collection ${escapeHtml(collection)}</h1>
${filter === null ? "" : `<p>Filter: <code>${escapeHtml(filter)}</code></p>`}
<h2>Query</h2>
<div class="query">${queryFigure}</div>
<h2>${counted(hits.length, "hit")}, nearest first</h2>
<div class="hits">
${figures.join("\n")}
</div>
</html>
`;
}

interface Figure {
  readonly place: string;
  readonly name: string;
  readonly label: string;
  readonly metadata: Hit["facts"]["metadata"];
  readonly picture: Uint8Array | null;
}

function figure({ place, name, label, metadata, picture }: Figure): string {
  const shown =
    picture === null
      ? '<div class="gone">no picture</div>'
      : `<img alt="${escapeHtml(name)}" src="data:image/jpeg;base64,${Buffer.from(picture).toString("base64")}">`;
  const href = hrefOf(place);
  const linked = (text: string): string => (href === null ? text : `<a href="${escapeHtml(href)}">${text}</a>`);
  const facts = Object.entries(metadata).filter(([, value]) => value !== null);
  const list = facts.map(([key, value]) => `<dt>${escapeHtml(key)}</dt><dd>${escapeHtml(String(value))}</dd>`).join("");
  return `<figure>${linked(shown)}<figcaption><b>${escapeHtml(label)}</b> ${linked(escapeHtml(name))}</figcaption>${list === "" ? "" : `<dl>${list}</dl>`}</figure>`;
}

/**
 * Returns the link to a path or URL; null if a browser cannot open it. A source can be any text, so the link must not be able to run a
 * script.
 */
function hrefOf(place: string): string | null {
  if (isAbsolute(place)) return pathToFileURL(place).href;
  return /^(file|https?):\/\//i.test(place) ? place : null;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
