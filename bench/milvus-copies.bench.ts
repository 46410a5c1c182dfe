/** Very many copies of one picture, beside few copies of many pictures, into a real Milvus. */
import { memoryDecoder, memoryEmbedder } from "../src/adapters/memory/index.js";
import { type DescribedInput, ImageEmbeddingPipeline, ServiceConfig } from "../src/app/index.js";
import { startMilvus } from "../test/support/services/milvus.js";
import { alternate, atMost, type BenchSection, median, plain, spread } from "./harness.js";

const copies = 20_000;
const fewCopies = 20;
const rounds = 2;

/** Copies of so many pictures are stored. */
const variants = { one: 1, many: copies / fewCopies } as const;

export async function copiesInMilvus(): Promise<BenchSection> {
  const server = await startMilvus();
  const [host = "", port = ""] = server.address.split(":");
  const milvus = { host, port: Number(port), indexType: "FLAT" } as const;
  const own = { decoder: memoryDecoder(), embedder: memoryEmbedder({ dimension: 512 }) };
  const pipeline = await ImageEmbeddingPipeline.open(new ServiceConfig({ milvus }), { own });
  const third = { one: [] as number[], many: [] as number[] };
  const measured = (name: keyof typeof variants) => async () => {
    const collectionName = `bench_copies_${name}`;
    if ((await pipeline.listCollections()).some(({ name: found }) => found === collectionName))
      await pipeline.dropCollection(collectionName);
    await insert(pipeline, { collectionName, name: "picture", pictures: variants[name], count: variants[name] });
    const second = await insert(pipeline, { collectionName, name: "copy", pictures: variants[name], count: copies });
    third[name].push(await insert(pipeline, { collectionName, name: "later copy", pictures: variants[name], count: copies }));
    await pipeline.dropCollection(collectionName);
    return second;
  };
  const second = await alternate({ one: measured("one"), many: measured("many") }, rounds);
  await pipeline.close();
  await server.stop();
  const names = `${copies} copies of one picture; ${fewCopies} copies each of ${copies / fewCopies} pictures`;
  const both = (runs: typeof third) => `${spread(runs.one, 0)}; ${spread(runs.many, 0)}`;
  return {
    name: "milvus-copies",
    title: `${copies} copies of stored pictures into Milvus 2.3.5, 512 numbers, fake decoder and embedder`,
    command: "npm run bench -- milvus-copies",
    figures: [
      atMost("second run: copies of one picture ÷ few copies of many, time per image", median(second.one) / median(second.many), 1.5, 2),
      atMost("third run, on top of those copies: the same", median(third.one) / median(third.many), 1.5, 2),
      plain(`second run, µs per image: ${names}`, both(second)),
      plain(`third run, µs per image: ${names}`, both(third)),
    ],
  };
}

interface Inserted {
  readonly collectionName: string;
  /** Begins the ids. */
  readonly name: string;
  readonly pictures: number;
  readonly count: number;
}

/** Returns microseconds per image. */
async function insert(pipeline: ImageEmbeddingPipeline, { collectionName, name, pictures, count }: Inserted): Promise<number> {
  const started = performance.now();
  const { stats } = await pipeline.insertImagesAsync({ collectionName, inputs: inputs(name, pictures, count), collectIds: "omit" });
  const elapsedMs = performance.now() - started;
  const reused = name === "picture" ? 0 : count;
  if (stats.stored !== count || stats.reused !== reused || stats.upkeepError !== undefined) {
    throw new Error(`${name}: ${stats.stored} stored, ${stats.reused} of them without inference, ${stats.failed} failed`);
  }
  const perImageUs = (elapsedMs * 1000) / count;
  process.stderr.write(`${collectionName}, ${name}: ${Math.round(perImageUs)} µs per image\n`);
  return perImageUs;
}

function* inputs(name: string, pictures: number, count: number): Generator<DescribedInput> {
  for (let index = 0; index < count; index += 1) {
    const input = new Uint8Array(64);
    new DataView(input.buffer).setUint32(1, index % pictures);
    yield { input, id: `${name} ${index}` };
  }
}
