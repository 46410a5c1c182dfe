/** A program that inserts a folder with the real parts and aborts: `node abortable-run.js FOLDER DATA opening|lazy|eager never|rows|MS`. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { HeadraceError, ImageEmbeddingPipeline, ServiceConfig } from "../../src/index.js";

/** What the program prints. */
export interface AbortableRun {
  /** Of the rejection; null when nothing was rejected. */
  readonly code: string | null;
  /** From the abort to the rejection; null when nothing was aborted. */
  readonly abortMs: number | null;
  readonly closeMs: number;
  /** Rows of the collection after a call that came to its end; null after one that did not. */
  readonly rows: number | null;
}

const [folder = "", data = "", target = "", moment = ""] = process.argv.slice(2);
const controller = new AbortController();
const { signal } = controller;
let abortedAt: number | null = null;
let timer: NodeJS.Timeout | undefined;
const inputs = (await readdir(folder)).filter((name) => !name.endsWith(".json")).map((name) => join(folder, name));
const config = new ServiceConfig({ lancedb: { path: data }, embedder: { sessions: 1 }, asyncPipeline: { insertBatchSize: 10 } });

if (target === "opening") startClock();
const pipeline = await settled(ImageEmbeddingPipeline.open(config, { parts: target === "lazy" ? "lazy" : "eager", signal }));
if (pipeline instanceof ImageEmbeddingPipeline) await insertAndClose(pipeline);
else print(pipeline, 0, null);

async function insertAndClose(pipeline: ImageEmbeddingPipeline): Promise<void> {
  startClock();
  const onProgress = ({ stored }: { readonly stored: number }) => {
    if (moment === "rows" && stored > 0) abort();
  };
  const result = await settled(pipeline.insertImagesAsync({ inputs, collectionName: "photos", signal, onProgress }));
  const isDone = !HeadraceError.is(result);
  const rows = isDone ? await pipeline.count("photos") : null;
  const closing = performance.now();
  const abortMs = abortedAt === null ? null : closing - abortedAt;
  await pipeline.close();
  print(isDone ? null : result, performance.now() - closing, rows, abortMs);
}

function startClock(): void {
  if (moment === "0") abort();
  else if (!Number.isNaN(Number(moment))) timer ??= setTimeout(abort, Number(moment));
}

function abort(): void {
  abortedAt ??= performance.now();
  controller.abort();
}

function settled<T>(promise: Promise<T>): Promise<T | HeadraceError> {
  return promise.catch((error: unknown) => {
    if (HeadraceError.is(error)) return error;
    throw error;
  });
}

function print(
  error: HeadraceError | null,
  closeMs: number,
  rows: number | null,
  abortMs = abortedAt === null ? null : performance.now() - abortedAt,
): void {
  clearTimeout(timer);
  process.stdout.write(`${JSON.stringify({ code: error?.code ?? null, abortMs, closeMs, rows } satisfies AbortableRun)}\n`);
}
