/** The parts of pages with pictures: a self-contained HTML document, and figures in it. */
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { Metadata } from "../contracts/index.js";

/** Returns a page. `body` is HTML. */
export function picturePage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} – Headrace</title>
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
${body}
</html>
`;
}

export interface Figure {
  /** Path or URL of the picture. */
  readonly place: string;
  readonly name: string;
  readonly label: string;
  readonly metadata: Metadata;
  /** A small JPEG; null when there is none. */
  readonly picture: Uint8Array | null;
}

export function figure({ place, name, label, metadata, picture }: Figure): string {
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

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
