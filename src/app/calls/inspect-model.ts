/** `inspectModel`: opens a model, and tells what it takes, what it gives and how fast it is here. */
import type { ServedModel } from "../../adapters/triton/index.js";
import { tritonSection } from "../../adapters/triton/options.js";
import type { Embedder, ModelTensors, Passport, TensorSpec } from "../../contracts/index.js";
import type { ServiceConfig } from "../configuration/service-config.js";
import type { Settings } from "../configuration/settings.js";
import { PipelineParts } from "../wiring/pipeline-parts.js";
import { modelsOnTriton } from "../wiring/registry.js";

/** A model for images, with its model for texts. */
export interface InspectedModel {
  readonly kind: "model";
  readonly images: InspectedImages;
  /** null: searches by words are not possible. */
  readonly texts: InspectedTexts | null;
}

export interface InspectedImages {
  /** Name of the model and its runtime. */
  readonly label: string;
  /** null: the embedder does not tell. */
  readonly tensors: ModelTensors | null;
  /** The tensor of one image. */
  readonly input: TensorSpec;
  /** Numbers per vector. */
  readonly dimension: number;
  /** Name of the preprocessing: a preset, or the path of a description. */
  readonly preprocessing: string;
  /** "l2": vectors are scaled to length 1. */
  readonly normalize: "l2" | "none";
  readonly passport: Passport;
  /** Milliseconds for one image alone, without reading and decoding. */
  readonly msPerImage: number;
  /** Images per second with full batches, without reading and decoding. */
  readonly imagesPerSecond: number;
}

export interface InspectedTexts {
  /** Name of the model and its runtime. */
  readonly label: string;
  /** null: there is no model of its own for texts. */
  readonly tensors: ModelTensors | null;
  readonly dimension: number;
  /** Number of labels that the model knows. null: it takes any text. */
  readonly labels: number | null;
  /** Milliseconds for one text. */
  readonly msPerText: number;
}

/** A Triton server, of which no model was named. */
export interface InspectedServer {
  readonly kind: "server";
  readonly server: string;
  readonly models: readonly ServedModel[];
}

const measuredMs = 1_000;
const aloneRuns = 5;

/**
 * `target`: an ONNX file, a folder with a CLIP or SigLIP, `builtin`, or the address of a Triton server, `host:port/MODEL`. Without a model
 * behind the address, the models of the server are listed. Default: the configured model. Opens no store. Throws `model_invalid`,
 * `model_mismatch` or `embedder_unavailable`.
 */
export async function inspectModel(config: ServiceConfig, target?: string): Promise<InspectedModel | InspectedServer> {
  const settings: Settings = { ...config.settings(), milvus: null };
  const signal = new AbortController().signal;
  if (target === undefined) return openedModel(settings, signal);
  const address = serverIn(target);
  if (address === null) return openedModel(withFile(settings, target), signal);
  const triton = { ...(settings.triton ?? tritonSection.parse({})), url: address.server, urls: null };
  if (address.model === null) return { kind: "server", server: address.server, models: await modelsOnTriton(triton, signal) };
  const embedder = { ...settings.embedder, kind: "triton" as const };
  return openedModel({ ...settings, embedder, triton: { ...triton, modelName: address.model } }, signal);
}

function withFile(settings: Settings, model: string): Settings {
  return { ...settings, triton: null, embedder: { ...settings.embedder, kind: "onnx", model } };
}

/** Returns the server and the model of `localhost:8000/clip`. null: the text is no address. */
function serverIn(target: string): { readonly server: string; readonly model: string | null } | null {
  const found = /^((?:(?:https?|grpcs?):\/\/[^/\s]+|[\w.-]+:\d+)(?:\/[^/\s]+)*?)(?:\/([^/\s]+))?\/?$/i.exec(target);
  return found === null ? null : { server: found[1]!, model: found[2] ?? null };
}

async function openedModel(settings: Settings, signal: AbortSignal): Promise<InspectedModel> {
  const parts = new PipelineParts(settings);
  try {
    const images = await imagesOf(parts, signal);
    return { kind: "model", images, texts: await textsOf(parts, signal) };
  } finally {
    await parts.close();
  }
}

async function imagesOf(parts: PipelineParts, signal: AbortSignal): Promise<InspectedImages> {
  const chain = await parts.chain(signal);
  const passport = await parts.passports.of(chain, signal);
  const { embedder } = parts.runChain(chain);
  const { label, dimension, input, tensors = null } = embedder;
  const speed = await speedOf(embedder, signal);
  return { label, tensors, input, dimension, preprocessing: chain.preprocessing.name, normalize: chain.normalize, passport, ...speed };
}

async function textsOf(parts: PipelineParts, signal: AbortSignal): Promise<InspectedTexts | null> {
  if ((await parts.textSearch(signal)) === "none") return null;
  const embedder = await parts.textEmbedder(signal);
  const { label, dimension, labels, tensors = null } = embedder;
  const text = labels?.[0]?.text ?? "a photo of a cat";
  return { label, tensors, dimension, labels: labels?.length ?? null, msPerText: await msPerRun(() => embedder.embedText([text], signal)) };
}

/** Measures the model with black images. The passport, which was made before, has warmed it up. */
async function speedOf(embedder: Embedder, signal: AbortSignal): Promise<Pick<InspectedImages, "msPerImage" | "imagesPerSecond">> {
  const embed = async (rows: number): Promise<void> => {
    const slab = embedder.lease(rows);
    slab.bytes.fill(0);
    await embedder.embed(slab, signal);
  };
  const msPerImage = await msPerRun(() => embed(1));
  const { preferredBatch, parallel } = embedder.feed;
  const startedMs = performance.now();
  let images = 0;
  const worker = async (): Promise<void> => {
    do {
      await embed(preferredBatch);
      images += preferredBatch;
    } while (performance.now() - startedMs < measuredMs);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return { msPerImage, imagesPerSecond: (images * 1000) / (performance.now() - startedMs) };
}

async function msPerRun(run: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  for (let done = 0; done < aloneRuns; done += 1) await run();
  return (performance.now() - startedMs) / aloneRuns;
}
