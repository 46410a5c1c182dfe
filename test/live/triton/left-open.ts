/** A process that embeds through shared memory, says so, and stays: `left-open.js URL MODEL`. SIGTERM ends it in order. */
import { once } from "node:events";
import { embed, withEmbedder } from "./helpers.js";

const [, , url = "", modelName = ""] = process.argv;
const alive = setInterval(() => {}, 60_000);
await withEmbedder({ urls: [url], transport: "shm", modelName }, async (embedder) => {
  await embed(embedder, [1, 2]);
  process.stdout.write("embedded\n");
  await once(process, "SIGTERM");
});
clearInterval(alive);
