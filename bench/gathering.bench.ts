/** What clients with single images lose against clients with batches, over HTTP: `headrace serve` in a process of its own. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { tinyOnnx } from "../test/fakes/tiny-onnx.js";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { type Served, serveHeadrace } from "../test/support/services/headrace.js";
import { withComment } from "./commented-jpeg.js";
import { alternate, atLeast, atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { measureScript } from "./processes.js";

const corpusFolder = join(".cache", "corpus", "vga-100");
const [rounds, together, clients, searches, inserts] = [5, 64, 10, 300, 200];

export async function gathering(): Promise<BenchSection> {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 100, seed: 100, sizes: "vga" });
  const jpegs = corpus.photos.filter(({ format }) => format === "jpg").map(({ file }) => join(corpusFolder, file));
  const photos = await Promise.all(jpegs.map((file) => readFile(file)));
  const photo = (index: number): Buffer => photos[index % photos.length]!;
  const { inferenceCpuMs } = await measureScript<{ inferenceCpuMs: number }>("cpu-limit", corpusFolder);
  const model = (corpus.photos.length / inferenceCpuMs) * 1000 * availableParallelism();

  await using server = await serveHeadrace({ settings: ["server.max_concurrent=256"] });
  const batch = await alternate(
    {
      one: () => timed(() => post(server, "/v1/embed", range(together).map(photo))),
      single: () => timed(() => Promise.all(range(together).map((index) => post(server, "/v1/embed", [photo(index)])))),
    },
    rounds,
  );
  await create(server);
  await post(server, "/v1/collections/photos/images", range(together).map(photo));
  const searchMs = await timed(() => inLoops(clients, searches, (index) => post(server, "/v1/collections/photos/search", [photo(index)])));
  const real = await insertRates(server, (index) => withComment(photo(index), `real ${index}`));

  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const modelPath = join(folder, "tiny.onnx");
  await writeFile(modelPath, tinyOnnx({ type: "uint8", input: ["N", 3, 32, 32], outputs: { embedding: ["N", 3] } }));
  await using small = await serveHeadrace({ settings: [`embedder.model=${modelPath}`, "preprocess.image_size=[32,32]"] });
  await create(small);
  const tiny = await insertRates(small, (index) => withComment(photo(index), `tiny ${index}`));
  await rm(folder, { recursive: true, force: true });
  return {
    name: "gathering",
    title: "Clients with single images: `headrace serve`, ONNX Runtime and LanceDB, VGA JPEGs",
    command: "npm run bench -- gathering",
    figures: [
      plain(`one request with ${together} images, ms`, spread(batch.one, 0)),
      plain(`${together} requests at once with one image each, ms`, spread(batch.single, 0)),
      atMost("single ÷ one request, medians", median(batch.single) / median(batch.one), 1.3, 2),
      plain("the model alone (CPU time of inference, over the cores), images/s", model.toFixed(1)),
      plain(`searches by image, ${clients} clients, 1/s`, ((searches / searchMs) * 1000).toFixed(1)),
      atLeast("searches by image ÷ the model alone", ((searches / searchMs) * 1000) / model, 0.8, 2),
      plain("single inserts one after the other, built-in model, 1/s", real.alone.toFixed(1)),
      plain(`single inserts by ${clients} clients, built-in model, 1/s`, real.together.toFixed(1)),
      plain("single inserts one after the other, a model that costs nothing, 1/s", tiny.alone.toFixed(1)),
      plain(`single inserts by ${clients} clients, a model that costs nothing, 1/s`, tiny.together.toFixed(1)),
      atLeast(`${clients} clients ÷ one after the other, a model that costs nothing`, tiny.together / tiny.alone, 5, 2),
    ],
  };
}

async function insertRates(
  server: Served,
  image: (index: number) => Buffer,
): Promise<{ readonly alone: number; readonly together: number }> {
  const insert = (index: number): Promise<unknown> => post(server, "/v1/collections/photos/images", [image(index)]);
  await insert(2 * inserts);
  const count = inserts / 4;
  const aloneMs = await timed(() => inLoops(1, count, insert));
  const togetherMs = await timed(() => inLoops(clients, inserts, (index) => insert(count + index)));
  return { alone: (count / aloneMs) * 1000, together: (inserts / togetherMs) * 1000 };
}

async function create(server: Served): Promise<void> {
  const body = JSON.stringify({ name: "photos" });
  await answered(await fetch(`${server.url}/v1/collections`, { method: "POST", body, headers: { "content-type": "application/json" } }));
}

async function post(server: Served, path: string, files: readonly Buffer[]): Promise<unknown> {
  const form = new FormData();
  for (const [index, bytes] of files.entries()) form.append("images", new Blob([Uint8Array.from(bytes)]), `${index}.jpg`);
  return answered(await fetch(`${server.url}${path}`, { method: "POST", body: form }));
}

async function answered(response: Response): Promise<unknown> {
  const body = (await response.json()) as { readonly failed?: number };
  if (!response.ok || (body.failed ?? 0) > 0) throw new Error(`${response.url}: ${response.status} ${JSON.stringify(body).slice(0, 300)}`);
  return body;
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** Does the numbered calls in as many loops as there are clients. */
async function inLoops(loops: number, count: number, call: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: loops }, loop));
}
