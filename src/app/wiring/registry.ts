/** Makes adapters from settings. An adapter is imported when it is first needed. */
import { availableParallelism } from "node:os";
import type { CustomPreprocessing } from "../../adapters/jax/index.js";
import type { VectorFile } from "../../adapters/npy/index.js";
import type { OnnxEmbedder } from "../../adapters/onnx/index.js";
import type { DeletedRowsHead } from "../../adapters/parquet/index.js";
import type { ExportedRepository, ExportOptions, ServedModel, TritonSection } from "../../adapters/triton/index.js";
import type {
  DeletionRecord,
  Embedder,
  Feed,
  ImageDecoder,
  ImageWriter,
  PictureRowWriter,
  Pictures,
  Preprocessing,
  Preprocessor,
  Reader,
  RowSource,
  RowWriter,
  ShardLimits,
  SizedRowWriter,
  TensorSpec,
  TextEmbedder,
  VectorStore,
} from "../../contracts/index.js";
import { HeadraceError } from "../../contracts/index.js";
import { beginsWith, type CollectionDescription, fileInvalid, type MetadataType } from "../../kit/index.js";
import { type EmbedderKind, embedderKind, type FileFormat, type StoreKind, type TextSearch } from "../configuration/kinds.js";
import type { Settings } from "../configuration/settings.js";
import type { ConverterWorker } from "../converter-worker/converter-worker.js";
import { convertersIn } from "../converter-worker/converters.js";
import { makeConverters } from "../decode-workers/converters.js";
import type { DecodeWorkers } from "../decode-workers/decode-workers.js";
import { describedSize } from "./model-files/preprocessing-file.js";
import type { StoreOptions } from "./store-options.js";

/** Input and output of an ONNX model. `isBatched`: the model takes more than one image per call. */
export type OnnxModel = OnnxEmbedder["model"] & Pick<OnnxEmbedder, "input" | "dimension" | "preset"> & { readonly isBatched: boolean };

export interface Decoding {
  readonly decoder: ImageDecoder;
  readonly pictures: Pictures;
}

const embedders: Readonly<Record<EmbedderKind, (settings: Settings) => Promise<Embedder>>> = {
  onnx: async ({ embedder, asyncPipeline }) => {
    const { onnxEmbedder, preprocessingFileOf } = await import("../../adapters/onnx/index.js");
    const imageSize = embedder.imageSize ?? (await describedSize(preprocessingFileOf(embedder)));
    return onnxEmbedder({ ...embedder, imageSize, sessions: onnxSessions(embedder.sessions, asyncPipeline.embeddingWorkers) });
  },
  triton: async ({ triton, embedder, asyncPipeline, preprocess, milvus }) => {
    const { tritonEmbedder } = await import("../../adapters/triton/index.js");
    const expect = {
      imageSize: preprocess.imageSize,
      layout: preprocess.dataFormat,
      dtype: preprocess.backend === "server" ? ("uint8" as const) : null,
      // With a shorter length, the model has more numbers than the collection.
      dimension: embedder.dimensions === null ? (milvus?.embeddingDim ?? null) : null,
      batchSize: preprocess.batchSize,
    };
    return tritonEmbedder({ ...triton, expect, inflight: asyncPipeline.inflightPerWorker, minWorkers: asyncPipeline.embeddingWorkers });
  },
};

const stores: Readonly<Record<StoreKind, (settings: Settings, options: StoreOptions) => Promise<VectorStore>>> = {
  lancedb: async ({ lancedb }, options) => (await import("../../adapters/lancedb/index.js")).lancedbStore({ ...lancedb, ...options }),
  milvus: async ({ milvus, insert, collections }) => {
    const { milvusStore } = await import("../../adapters/milvus/index.js");
    return milvusStore(milvus ?? {}, insert, { collections });
  },
  postgres: async ({ postgres, insert }) => {
    const { postgresStore } = await import("../../adapters/postgres/index.js");
    return postgresStore(postgres ?? {}, { maxBytesMb: insert.maxBytesMb });
  },
};

const minDecodeWorkers = 2;

/** Images per batch, if neither the settings nor the model say. */
export const usualBatch = 32;

/** Images that one decode worker decodes at the same time. While libvips decodes one, the worker's JavaScript prepares the other. */
export const imagesPerDecodeWorker = 2;

/** Returns the expected feed of an embedder that is not open yet. */
export function expectedFeed(settings: Settings): Feed {
  const { asyncPipeline, embedder, preprocess, triton } = settings;
  if (embedderKind(settings) === "onnx") {
    return { preferredBatch: 3, maxBatch: 32, parallel: onnxSessions(embedder.sessions, asyncPipeline.embeddingWorkers) };
  }
  return {
    preferredBatch: preprocess.batchSize ?? usualBatch,
    maxBatch: preprocess.batchSize ?? usualBatch,
    parallel: asyncPipeline.inflightPerWorker * asyncPipeline.embeddingWorkers * (triton?.urls?.length ?? 1),
  };
}

function onnxSessions(configured: number | null, workers: number): number {
  return configured ?? availableParallelism() * workers;
}

export function makeEmbedder(settings: Settings): Promise<Embedder> {
  return embedders[embedderKind(settings)](settings);
}

/** `ownModel`: the label of an embedder that a program brings. Its labels are not known. */
export async function textSearchOf(settings: Settings, ownModel?: string): Promise<TextSearch> {
  const { textSourceOf } = await import("../../adapters/onnx/index.js");
  const { model, precision, text } = settings.embedder;
  if (text?.kind === "triton") return "any text";
  const isOnnx = ownModel === undefined && embedderKind(settings) === "onnx";
  if (!isOnnx) return text === null ? "none" : "any text";
  const source = textSourceOf({ model, precision, text });
  return source === "tower" ? "any text" : source;
}

/** `ownModel`: see `textSearchOf`. Throws `text_unavailable`. */
export async function makeTextEmbedder(settings: Settings, ownModel?: string): Promise<TextEmbedder> {
  const { model, precision, text, threads } = settings.embedder;
  if ((await textSearchOf(settings, ownModel)) === "none") {
    const images = ownModel ?? (embedderKind(settings) === "onnx" ? model : "the model on Triton");
    throw new HeadraceError("text_unavailable", `search by text: expected a model for texts beside ${images}, found none`);
  }
  const openTokenizer = async (path: string) => (await import("../../adapters/tokenizers/index.js")).openTokenizer(path);
  if (text?.kind === "triton") {
    const { tritonTextEmbedder } = await import("../../adapters/triton/index.js");
    return tritonTextEmbedder({ ...settings.triton, model: text.model, openTokenizer: () => openTokenizer(text.tokenizer) });
  }
  const { onnxTextEmbedder } = await import("../../adapters/onnx/index.js");
  return onnxTextEmbedder({ model, precision, text, threads, openTokenizer });
}

export function makeStore(kind: StoreKind, settings: Settings, options: StoreOptions = {}): Promise<VectorStore> {
  return stores[kind](settings, options);
}

/** Opens a Parquet or .npy file that contains a collection. Throws `input_invalid`. */
export async function openRowFile(path: string): Promise<RowSource> {
  if (await beginsWith(path, "PAR1")) return (await import("../../adapters/parquet/index.js")).openParquetRows(path);
  if (await beginsWith(path, "\x93NUMPY")) return (await import("../../adapters/npy/index.js")).openNpyRows(path);
  throw fileInvalid(path, "expected a Parquet or .npy file, found another format");
}

/** Creates a file for a collection. `columns` is called only for file formats that need the metadata columns before the first row. */
export async function createRowFile(
  format: FileFormat,
  path: string,
  collection: CollectionDescription,
  columns: () => Promise<ReadonlyMap<string, MetadataType>>,
): Promise<RowWriter | SizedRowWriter> {
  switch (format) {
    case "parquet":
      return (await import("../../adapters/parquet/index.js")).createParquetRows(path, { ...collection, columns: await columns() });
    case "npy":
      return (await import("../../adapters/npy/index.js")).createNpyRows(path, collection);
    default:
      return format satisfies never;
  }
}

/** Begins a folder with images as shards. Throws `usage_invalid` if there is something of this name. */
export async function createImageShards(folder: string, name: string, limits: ShardLimits): Promise<ImageWriter> {
  return (await import("../../adapters/tar/index.js")).createShards(folder, name, limits);
}

/** Creates a file for a viewer of embeddings, with small pictures. */
export async function createPictureRowFile(
  path: string,
  collection: CollectionDescription,
  columns: ReadonlyMap<string, MetadataType>,
): Promise<PictureRowWriter> {
  return (await import("../../adapters/parquet/index.js")).createPictureFile(path, { ...collection, columns });
}

/** Creates a file for rows that will be deleted. */
export async function createDeletedRowFile(
  path: string,
  collection: CollectionDescription,
  deletion: DeletionRecord,
): Promise<SizedRowWriter> {
  return (await import("../../adapters/parquet/index.js")).createDeletionFile(path, collection, deletion);
}

/** Reads what a file of deleted rows says about itself. Throws `input_invalid`. */
export async function readDeletedRowFile(path: string): Promise<DeletedRowsHead> {
  return (await import("../../adapters/parquet/index.js")).readDeletedRowsHead(path);
}

/** Creates a file that contains only vectors. */
export async function makeVectorFile(path: string, dimension: number): Promise<VectorFile> {
  return (await import("../../adapters/npy/index.js")).createNpyVectors(path, dimension);
}

/** Opens an ONNX file, reads its input and output, and closes it. Throws `model_invalid`. */
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

export async function modelsOnTriton(section: Partial<TritonSection>, signal: AbortSignal): Promise<readonly ServedModel[]> {
  return (await import("../../adapters/triton/index.js")).servedModels(section, signal);
}

export async function tritonExporter(): Promise<(options: ExportOptions) => ExportedRepository> {
  return (await import("../../adapters/triton/index.js")).exportRepository;
}

/** Makes the decoder, and the pictures that share its limits. `worker`: the thread for images that sharp cannot read. */
export async function makeDecoding({ preprocess }: Settings, worker: () => Promise<ConverterWorker>): Promise<Decoding> {
  return (await import("../../adapters/sharp/index.js")).sharpDecoding(preprocess, convertersIn(worker, makeConverters()));
}

export async function makeConverterWorker(): Promise<ConverterWorker> {
  return new (await import("../converter-worker/converter-worker.js")).ConverterWorker();
}

/** Returns the number of decode workers. By default, one core is left for servers or for the sessions of the model. */
export function decodeWorkersOf({ asyncPipeline }: Settings): number {
  return asyncPipeline.preprocessWorkers ?? Math.max(minDecodeWorkers, availableParallelism() - 1);
}

export async function makeDecodeWorkers(settings: Settings): Promise<DecodeWorkers> {
  const { DecodeWorkers } = await import("../decode-workers/decode-workers.js");
  return new DecodeWorkers({
    settings: { preprocess: settings.preprocess, metadata: settings.metadata },
    size: decodeWorkersOf(settings),
    imagesPerWorker: imagesPerDecodeWorker,
  });
}

export async function makePreprocessor(backend: "native" | "jax", preprocessing: Preprocessing, settings: Settings): Promise<Preprocessor> {
  if (backend === "native") return (await import("../../adapters/native/index.js")).nativePreprocessor(preprocessing);
  return (await import("../../adapters/jax/index.js")).jaxPreprocessor(preprocessing, settings.preprocess);
}

/** Loads a user's preprocessor from its file. The file also defines how images are resized and cropped. */
export async function makeCustomPreprocessor(path: string, input: TensorSpec, settings: Settings): Promise<CustomPreprocessing> {
  return (await import("../../adapters/jax/index.js")).loadPreprocessor(path, input, settings.preprocess);
}

export async function makeReaders({ http, s3 }: Settings): Promise<readonly Reader[]> {
  const [{ fileReader }, { dataReader }, { httpReader }, { parquetReader }, { s3Reader }, { tarReader }, { zipReader }] = await Promise.all(
    [
      import("../../adapters/fs/index.js"),
      import("../../adapters/data/index.js"),
      import("../../adapters/http/index.js"),
      import("../../adapters/parquet/index.js"),
      import("../../adapters/s3/index.js"),
      import("../../adapters/tar/index.js"),
      import("../../adapters/zip/index.js"),
    ],
  );
  return [
    fileReader(),
    dataReader(),
    httpReader(http),
    parquetReader(),
    s3Reader(s3),
    tarReader({ compression: "none" }),
    tarReader({ compression: "gzip" }),
    zipReader(),
  ];
}
