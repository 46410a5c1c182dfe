/** What clients with single images lose against clients with batches, over HTTP: `headrace serve` in a process of its own. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { tinyOnnx } from "../test/fakes/tiny-onnx.js";
import { makeCorpus } from "../test/support/corpus/corpus.js";
import { type Served, serveHeadrace } from "../test/support/services/headrace.js";
import { withComment } from "./commented-jpeg.js";
import { alternate, atLeast, atMost, type BenchSection, median, plain, spread } from "./harness.js";
import { PreparedClient } from "./prepared-client.js";
import { measureScript } from "./processes.js";

const corpusFolder = join(".cache", "corpus", "vga-100");
const [rounds, together, clients, searches, inserts, warmUp] = [5, 64, 10, 300, 200, 60];
const [searchPath, imagesPath] = ["/v1/collections/photos/search", "/v1/collections/photos/images"];

export async function gathering(): Promise<BenchSection> {
  const corpus = await makeCorpus({ folder: corpusFolder, count: 100, seed: 100, sizes: "vga" });
  const jpegs = corpus.photos.filter(({ format }) => format === "jpg").map(({ file }) => join(corpusFolder, file));
  const photos = await Promise.all(jpegs.map((file) => readFile(file)));
  const photo = (index: number): Buffer => photos[index % photos.length]!;
  const { inferenceCpuMs, decodeCpuMs } = await measureScript<{ inferenceCpuMs: number; decodeCpuMs: number }>("cpu-limit", corpusFolder);
  const perSecond = (cpuMs: number): number => (corpus.photos.length / cpuMs) * 1000 * availableParallelism();
  const model = perSecond(inferenceCpuMs);
  const modelAndDecoder = perSecond(inferenceCpuMs + decodeCpuMs);

  await using server = await serveHeadrace({ settings: ["server.max_concurrent=256"] });
  const client = new PreparedClient(server.url);
  const all = client.upload("/v1/embed", range(together).map(photo));
  const each = range(together).map((index) => client.upload("/v1/embed", [photo(index)]));
  const batch = await alternate({ one: () => timed(all), single: () => timed(() => Promise.all(each.map((send) => send()))) }, rounds);
  await create(server);
  await client.upload(imagesPath, range(together).map(photo))();
  const queries = photos.map((bytes) => client.upload(searchPath, [bytes]));
  const search = (): Promise<void> => inLoops(clients, searches, (index) => queries[index % queries.length]!());
  // The first searches are slower, because the code is not compiled yet.
  await search();
  const searchMs = await timed(search);
  const searchRate = (searches / searchMs) * 1000;
  const real = await insertRates(client, (index) => withComment(photo(index), `real ${index}`));

  const folder = await mkdtemp(join(tmpdir(), "headrace-bench-"));
  const modelPath = join(folder, "tiny.onnx");
  await writeFile(modelPath, tinyOnnx({ type: "uint8", input: ["N", 3, 32, 32], outputs: { embedding: ["N", 3] } }));
  await using small = await serveHeadrace({ settings: [`embedder.model=${modelPath}`, "preprocess.image_size=[32,32]"] });
  await create(small);
  const tiny = await insertRates(new PreparedClient(small.url), (index) => withComment(photo(index), `tiny ${index}`));
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
      plain("the model and the decoder alone (CPU time of both, over the cores), images/s", modelAndDecoder.toFixed(1)),
      plain(`searches by image, ${clients} clients, 1/s`, searchRate.toFixed(1)),
      atLeast("searches by image ÷ the model alone", searchRate / model, 0.8, 2),
      plain("searches by image ÷ the model and the decoder alone", (searchRate / modelAndDecoder).toFixed(2)),
      plain("single inserts one after the other, built-in model, 1/s", real.alone.toFixed(1)),
      plain(`single inserts by ${clients} clients, built-in model, 1/s`, real.together.toFixed(1)),
      plain("single inserts one after the other, a model that costs nothing, 1/s", tiny.alone.toFixed(1)),
      plain(`single inserts by ${clients} clients, a model that costs nothing, 1/s`, tiny.together.toFixed(1)),
      atLeast(`${clients} clients ÷ one after the other, a model that costs nothing`, tiny.together / tiny.alone, 5, 2),
    ],
  };
}

async function insertRates(
  client: PreparedClient,
  image: (index: number) => Buffer,
): Promise<{ readonly alone: number; readonly together: number }> {
  const count = inserts / 4;
  const sends = range(count + inserts + warmUp).map((index) => client.upload(imagesPath, [image(index)]));
  await inLoops(clients, warmUp, (index) => sends[count + inserts + index]!());
  const aloneMs = await timed(() => inLoops(1, count, (index) => sends[index]!()));
  const togetherMs = await timed(() => inLoops(clients, inserts, (index) => sends[count + index]!()));
  return { alone: (count / aloneMs) * 1000, together: (inserts / togetherMs) * 1000 };
}

async function create(server: Served): Promise<void> {
  const body = JSON.stringify({ name: "photos" });
  const answer = await fetch(`${server.url}/v1/collections`, { method: "POST", body, headers: { "content-type": "application/json" } });
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
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
