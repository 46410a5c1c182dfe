/** The kinds of parts that settings and commands name. */
import type { Settings } from "./settings.js";

export type EmbedderKind = "onnx" | "triton";
export const storeKinds = ["lancedb", "milvus"] as const;
export type StoreKind = (typeof storeKinds)[number];
export const fileFormats = ["parquet", "npy"] as const;
export type FileFormat = (typeof fileFormats)[number];

/** Triton when its section is there, else ONNX Runtime. */
export function embedderKind({ embedder, triton }: Settings): EmbedderKind {
  if (embedder.kind !== "auto") return embedder.kind;
  return triton === null ? "onnx" : "triton";
}

/** Milvus when its section is there, else LanceDB. */
export function storeKind({ milvus }: Settings): StoreKind {
  return milvus === null ? "lancedb" : "milvus";
}
