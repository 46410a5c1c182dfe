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
  /** The style sheet. */
  readonly style: string;
  /** Returns the current path or URL of the image that `source` names. */
  readonly placeOf: (source: string) => string;
  /** Returns a small JPEG of an image; null when the image does not exist any more or cannot be decoded. */
  readonly thumbnail: (place: string) => Promise<Uint8Array | null>;
}

export async function resultsPage(view: ResultsView): Promise<string> {
  const { query, queryImage, collection, filter, hits, style, placeOf, thumbnail } = view;
  const figures: string[] = [];
  for (const { facts, score } of hits) {
    const place = placeOf(facts.source);
    const shown = figure({
      place,
      name: shownSource(facts.source),
      label: score.toFixed(4),
      metadata: facts.metadata,
      picture: await thumbnail(place),
    });
    const ratio = Math.min(Math.max(facts.width / facts.height || 1, 0.6), 2.2);
    figures.push(`<li class="hit" style="--ratio:${ratio.toFixed(3)}">${shown}</li>`);
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
<style>${style}</style>
<main class="page">
<h1>Collection ${escapeHtml(collection)}</h1>
${filter === null ? "" : `<p class="muted">Filter: <code>${escapeHtml(filter)}</code></p>`}
<h2>Query</h2>
<div class="query">${queryFigure}</div>
<h2>${counted(hits.length, "hit")}, nearest first</h2>
<div class="results"><ul class="tiles">
${figures.join("\n")}
</ul></div>
</main>
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
      ? '<div class="picture-missing">no picture</div>'
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
