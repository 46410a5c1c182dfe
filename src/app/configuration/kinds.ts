/** Kinds of embedders, stores and files. */
import type { Settings } from "./settings.js";

export type EmbedderKind = "onnx" | "triton";
export const storeKinds = ["lancedb", "milvus"] as const;
export type StoreKind = (typeof storeKinds)[number];
export const fileFormats = ["parquet", "npy"] as const;
export type FileFormat = (typeof fileFormats)[number];

/** `auto` is Triton if there is a `triton` section, else ONNX Runtime. */
export function embedderKind({ embedder, triton }: Settings): EmbedderKind {
  if (embedder.kind !== "auto") return embedder.kind;
  return triton === null ? "onnx" : "triton";
}

/** Milvus if there is a `milvus` section, else LanceDB. */
export function storeKind({ milvus }: Settings): StoreKind {
  return milvus === null ? "lancedb" : "milvus";
}
