/** Which adapter serves which setting: the one place that names them all. Nothing is loaded before it is asked for. */
import { availableParallelism } from "node:os";
import type { FileListingOptions } from "../../adapters/fs/index.js";
import type { CustomPreprocessing, JaxPreprocessorOptions } from "../../adapters/jax/index.js";
import { declaredCollection, milvusSettings } from "../../adapters/milvus/options.js";
import type { VectorFile } from "../../adapters/npy/index.js";
import type { ExportedRepository, ExportOptions } from "../../adapters/triton/index.js";
import { tritonEmbedderOptions, tritonOptions } from "../../adapters/triton/options.js";
import type {
  Embedder,
  Encoded,
  Feed,
  ImageDecoder,
  ImageRef,
  Listing,
  Pixels,
  Preprocessing,
  Preprocessor,
  Reader,
  RowSource,
  RowWriter,
  TensorSpec,
  VectorStore,
} from "../../contracts/index.js";
import { beginsWith, type CollectionDescription, fileInvalid, type MetadataType, mebibyte, type PresetName } from "../../kit/index.js";
import { type EmbedderKind, embedderKind, type FileFormat, type StoreKind } from "../configuration/kinds.js";
import { type Settings, toFileSettings } from "../configuration/settings.js";

export interface OnnxModel {
  readonly path: string;
  readonly inputName: string;
  readonly outputName: string;
  readonly outputType: "float16" | "float32" | "float64";
  readonly input: TensorSpec;
  readonly dimension: number;
  readonly preset: PresetName | null;
  /** Whether it takes more than one image at once. */
  readonly isBatched: boolean;
}

const embedders: Readonly<Record<EmbedderKind, (settings: Settings) => Promise<Embedder>>> = {
  onnx: async ({ embedder, asyncPipeline }) => {
    const { onnxEmbedder } = await import("../../adapters/onnx/index.js");
    const { model, outputName, threads, imageSize } = embedder;
    return onnxEmbedder({
      model,
      outputName,
      threads,
      imageSize,
      sessions: onnxSessions(embedder.sessions, asyncPipeline.embeddingWorkers),
    });
  },
  triton: async ({ triton, asyncPipeline, preprocess, milvus }) => {
    const { tritonEmbedder } = await import("../../adapters/triton/index.js");
    const section = tritonEmbedderOptions(tritonOptions.parse(toFileSettings(triton ?? {})));
    const expect = {
      imageSize: preprocess.imageSize,
      layout: preprocess.dataFormat,
      dtype: preprocess.backend === "server" ? ("uint8" as const) : null,
      dimension: milvus?.embeddingDim ?? null,
      batchSize: preprocess.batchSize,
    };
    return tritonEmbedder({ ...section, expect, inflight: asyncPipeline.inflightPerWorker * asyncPipeline.embeddingWorkers });
  },
};

const stores: Readonly<Record<StoreKind, (settings: Settings) => Promise<VectorStore>>> = {
  lancedb: async ({ lancedb }) => (await import("../../adapters/lancedb/index.js")).lancedbStore(lancedb),
  milvus: async ({ milvus, insert, collections }) => {
    const { milvusStore } = await import("../../adapters/milvus/index.js");
    const declared = collections.map((collection) => declaredCollection.parse(collection));
    return milvusStore(milvusSettings(toFileSettings(milvus ?? {})), insert, { collections: declared });
  },
};

/** How an embedder will like to be fed, before it is open. */
export function expectedFeed(settings: Settings): Feed {
  const { asyncPipeline, embedder, preprocess, triton } = settings;
  if (embedderKind(settings) === "onnx") {
    return { preferredBatch: 3, maxBatch: 32, parallel: onnxSessions(embedder.sessions, asyncPipeline.embeddingWorkers) };
  }
  return {
    preferredBatch: preprocess.batchSize,
    maxBatch: preprocess.batchSize,
    parallel: asyncPipeline.inflightPerWorker * asyncPipeline.embeddingWorkers * (triton?.urls?.length ?? 1),
  };
}

function onnxSessions(configured: number | null, workers: number): number {
  return configured ?? availableParallelism() * workers;
}

export function makeEmbedder(settings: Settings): Promise<Embedder> {
  return embedders[embedderKind(settings)](settings);
}

export function makeStore(kind: StoreKind, settings: Settings): Promise<VectorStore> {
  return stores[kind](settings);
}

/** A collection in a file, whichever of the formats it has. Throws `input_invalid`. */
export async function openRowFile(path: string): Promise<RowSource> {
  if (await beginsWith(path, "PAR1")) return (await import("../../adapters/parquet/index.js")).openParquetRows(path);
  if (await beginsWith(path, "\x93NUMPY")) return (await import("../../adapters/npy/index.js")).openNpyRows(path);
  throw fileInvalid(path, "expected a Parquet or .npy file, found another one");
}

/** Begins a file; `columns` is asked only by a format that must know them first. */
export async function createRowFile(
  format: FileFormat,
  path: string,
  collection: CollectionDescription,
  columns: () => Promise<ReadonlyMap<string, MetadataType>>,
): Promise<RowWriter> {
  switch (format) {
    case "parquet":
      return (await import("../../adapters/parquet/index.js")).createParquetRows(path, { ...collection, columns: await columns() });
    case "npy":
      return (await import("../../adapters/npy/index.js")).createNpyRows(path, collection);
    default:
      return format satisfies never;
  }
}

/** Begins a file of vectors that belong to no collection. */
export async function makeVectorFile(path: string, dimension: number): Promise<VectorFile> {
  return (await import("../../adapters/npy/index.js")).createNpyVectors(path, dimension);
}

/** Opens an ONNX file to see what it takes and gives, and closes it again. Throws `model_invalid`. */
export async function describeOnnxModel(file: string, signal: AbortSignal): Promise<OnnxModel> {
  const { onnxEmbedder } = await import("../../adapters/onnx/index.js");
  const embedder = onnxEmbedder({ model: file, sessions: 1 });
  try {
    await embedder.open(signal);
    const { model, input, dimension, preset, feed } = embedder;
    return { ...model, input, dimension, preset, isBatched: feed.maxBatch > 1 };
  } finally {
    await embedder.close();
  }
}

/** Writes a model repository for Triton. */
export async function tritonExporter(): Promise<(options: ExportOptions) => ExportedRepository> {
  return (await import("../../adapters/triton/index.js")).exportRepository;
}

export async function makeDecoder({ preprocess }: Settings): Promise<ImageDecoder> {
  const { sharpDecoder } = await import("../../adapters/sharp/index.js");
  return sharpDecoder({ maxPixels: preprocess.maxPixels, decodeBudgetBytes: preprocess.decodeBudgetMb * mebibyte });
}

export async function makePreprocessor(backend: "native" | "jax", preprocessing: Preprocessing, settings: Settings): Promise<Preprocessor> {
  if (backend === "native") return (await import("../../adapters/native/index.js")).nativePreprocessor(preprocessing);
  return (await import("../../adapters/jax/index.js")).jaxPreprocessor(preprocessing, jaxOptions(settings));
}

/** A preprocessor of the user's own, from its file; it brings the geometry too. */
export async function makeCustomPreprocessor(path: string, input: TensorSpec, settings: Settings): Promise<CustomPreprocessing> {
  return (await import("../../adapters/jax/index.js")).loadPreprocessor(path, input, jaxOptions(settings));
}

function jaxOptions({ preprocess }: Settings): JaxPreprocessorOptions {
  return { thread: preprocess.jaxThread, device: preprocess.useGpu ? "webgpu" : "wasm" };
}

export async function makeReaders(): Promise<readonly Reader[]> {
  const [{ fileReader }, { dataReader }] = await Promise.all([
    import("../../adapters/fs/index.js"),
    import("../../adapters/data/index.js"),
  ]);
  return [fileReader(), dataReader()];
}

/** Lists paths, folders and globs. */
export async function makeListing(
  inputs: Iterable<string> | AsyncIterable<string>,
  options: Pick<FileListingOptions, "naming" | "onLeftOut">,
): Promise<Listing> {
  const { listFiles } = await import("../../adapters/fs/index.js");
  return listFiles(inputs, options);
}

/** How many files a listing of the same will name. */
export async function countFiles(inputs: Iterable<string> | AsyncIterable<string>, stop: AbortSignal): Promise<number> {
  return (await import("../../adapters/fs/index.js")).countFiles(inputs, stop);
}

/** Names one file, whether or not it is there. */
export async function makeFileRefs(): Promise<(path: string) => Promise<ImageRef>> {
  const { fileRef } = await import("../../adapters/fs/index.js");
  return fileRef;
}

export interface Pictures {
  /** A small JPEG. */
  thumbnail(image: Encoded): Promise<Uint8Array>;
  /** A PNG of the image beside 8-bit RGB pixels of its own. */
  comparison(image: Encoded, seen: Omit<Pixels, "original">): Promise<Uint8Array>;
}

/** Makes pictures for people. */
export async function pictures(): Promise<Pictures> {
  return import("../../adapters/sharp/index.js");
}
