/** A search result as one self-contained page: the query and its hits as pictures. */
import type { Hit } from "../contracts/index.js";

/** A small JPEG of an image, or null when it cannot be shown (any more). */
export type Thumbnail = (source: string) => Promise<Uint8Array | null>;

export async function resultsPage(query: string, hits: readonly Hit[], thumbnail: Thumbnail): Promise<string> {
  const queryPicture = await figure(query, "query", thumbnail);
  const figures: string[] = [];
  for (const { facts, score } of hits) figures.push(await figure(facts.source, score.toFixed(4), thumbnail));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(query)} – Headrace</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
  body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
  h1 { font-size: 1.1rem; }
  .hits { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
  figure { margin: 0; }
  img, .gone { aspect-ratio: 1; background: #8883; border-radius: .4rem; object-fit: contain; width: 100%; }
  .query img, .query .gone { max-width: 16rem; }
  .gone { align-items: center; display: flex; justify-content: center; }
  figcaption { font-size: .8rem; overflow-wrap: anywhere; }
  b { font-variant-numeric: tabular-nums; }
</style>
<h1>Query</h1>
<div class="query">${queryPicture}</div>
<h1>${hits.length} hits, nearest first</h1>
<div class="hits">
${figures.join("\n")}
</div>
</html>
`;
}

async function figure(source: string, label: string, thumbnail: Thumbnail): Promise<string> {
  const picture = await thumbnail(source);
  const shown =
    picture === null
      ? '<div class="gone">no picture</div>'
      : `<img alt="${escapeHtml(source)}" src="data:image/jpeg;base64,${Buffer.from(picture).toString("base64")}">`;
  return `<figure>${shown}<figcaption><b>${escapeHtml(label)}</b> ${escapeHtml(source)}</figcaption></figure>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
