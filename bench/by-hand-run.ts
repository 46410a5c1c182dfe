/**
 * The specification's job as a good program by hand would do it: sharp, binary requests to Triton with two in flight, and inserts with the
 * Milvus SDK. Prints JSON. `node by-hand-run.js FOLDER TRITON MODEL MILVUS COLLECTION`
 */
import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DataType, MilvusClient } from "@zilliz/milvus2-sdk-node";
import sharp from "sharp";

const [folder = "", triton = "", model = "", milvus = "", collection = ""] = process.argv.slice(2);
const dimension = 512;
const batchRows = 32;
const requestsInFlight = 2;
const insertRows = 100;
const side = 224;
const rowBytes = side * side * 3;
sharp.concurrency(1);

interface Row {
  readonly id: string;
  readonly vector: number[];
}

const client = new MilvusClient({ address: milvus });
await client.connectPromise;
await client.createCollection({
  collection_name: collection,
  fields: [
    { name: "id", data_type: DataType.VarChar, is_primary_key: true, max_length: 512 },
    { name: "vector", data_type: DataType.FloatVector, dim: dimension },
  ],
});
const files = (await readdir(folder)).filter((name) => /\.(jpg|png|webp)$/.test(name)).map((name) => join(folder, name));

let next = 0;
let stored = 0;
const waiting: { readonly id: string; readonly pixels: Uint8Array }[] = [];
const rows: Row[] = [];
const requests = new Set<Promise<void>>();
const inserts = new Set<Promise<void>>();

async function decodeLane(): Promise<void> {
  for (let file = files[next++]; file !== undefined; file = files[next++]) {
    const pixels = await decode(file);
    waiting.push({ id: file, pixels });
    if (waiting.length < batchRows) continue;
    while (requests.size >= requestsInFlight) await Promise.race(requests);
    if (waiting.length >= batchRows) track(requests, embed(waiting.splice(0, batchRows)));
  }
}

async function decode(file: string): Promise<Uint8Array> {
  return sharp(file)
    .rotate()
    .resize({ width: 256, height: 256, fit: "cover", kernel: "cubic" })
    .extract({ left: 16, top: 16, width: side, height: side })
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer();
}

async function embed(batch: typeof waiting): Promise<void> {
  const pixels = new Uint8Array(batch.length * rowBytes);
  batch.forEach((image, row) => {
    pixels.set(image.pixels, row * rowBytes);
  });
  const header = JSON.stringify({
    inputs: [{ name: "images", datatype: "UINT8", shape: [batch.length, side, side, 3], parameters: { binary_data_size: pixels.length } }],
    outputs: [{ name: "embedding", parameters: { binary_data: true } }],
  });
  const answer = await fetch(`http://${triton}/v2/models/${model}/infer`, {
    method: "POST",
    headers: { "Inference-Header-Content-Length": String(Buffer.byteLength(header)), "Content-Type": "application/octet-stream" },
    body: Buffer.concat([Buffer.from(header), pixels]),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const bytes = await answer.arrayBuffer();
  const vectors = new Float32Array(bytes.slice(Number(answer.headers.get("inference-header-content-length"))));
  batch.forEach(({ id }, row) => {
    rows.push({ id, vector: unit(vectors.subarray(row * dimension, (row + 1) * dimension)) });
  });
  if (rows.length >= insertRows) track(inserts, insert(rows.splice(0, insertRows)));
}

function unit(vector: Float32Array): number[] {
  const length = Math.hypot(...vector);
  return Array.from(vector, (value) => value / length);
}

async function insert(data: Row[]): Promise<void> {
  const { status } = await client.insert({ collection_name: collection, data: data.map(({ id, vector }) => ({ id, vector })) });
  if (status.error_code !== "Success") throw new Error(status.reason);
  stored += data.length;
}

function track(set: Set<Promise<void>>, work: Promise<void>): void {
  const tracked = work.finally(() => set.delete(tracked));
  set.add(tracked);
}

await Promise.all(Array.from({ length: availableParallelism() + 2 }, decodeLane));
while (waiting.length > 0) track(requests, embed(waiting.splice(0, batchRows)));
await Promise.all(requests);
while (rows.length > 0) track(inserts, insert(rows.splice(0, insertRows)));
await Promise.all(inserts);
await client.dropCollection({ collection_name: collection });
await client.closeConnection();
process.stdout.write(`${JSON.stringify({ stored })}\n`);
