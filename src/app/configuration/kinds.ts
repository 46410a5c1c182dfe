/** Kinds of embedders, stores and files. */
import { resolve } from "node:path";
import type { Settings } from "./settings.js";

export type EmbedderKind = "onnx" | "triton";
export type StoreKind = "lancedb" | "milvus";
export const fileFormats = ["parquet", "npy"] as const;
export type FileFormat = (typeof fileFormats)[number];

/** `auto` is Triton if there is a `triton` section, else ONNX Runtime. */
export function embedderKind({ embedder, triton }: Settings): EmbedderKind {
  if (embedder.kind !== "auto") return embedder.kind;
  return triton === null ? "onnx" : "triton";
}

interface KindOfStore {
  /** Whether the settings choose this kind. The first kind that is chosen wins. */
  readonly isChosen: (settings: Settings) => boolean;
  /** Where the collections are, for people. */
  readonly locationOf: (settings: Settings) => string;
  /** Names that tell two stores of this kind apart. They become folders of dead letters. */
  readonly identityOf: (settings: Settings) => readonly string[];
}

const kindsOfStores: Readonly<Record<StoreKind, KindOfStore>> = {
  milvus: {
    isChosen: ({ milvus }) => milvus !== null,
    locationOf: ({ milvus }) => (milvus === null ? "Milvus at the default address" : `Milvus at ${milvus.host}:${milvus.port}`),
    identityOf: ({ milvus }) => ["milvus", `${milvus?.host}_${milvus?.port}`, milvus?.database ?? "default"],
  },
  lancedb: {
    isChosen: () => true,
    locationOf: ({ lancedb }) => `the folder ${resolve(lancedb.path)}`,
    identityOf: () => [],
  },
};

const byPrecedence = Object.keys(kindsOfStores) as readonly StoreKind[];
export const storeKinds = [...byPrecedence].sort();

/** Milvus if there is a `milvus` section, else LanceDB. */
export function storeKind(settings: Settings): StoreKind {
  return byPrecedence.find((kind) => kindsOfStores[kind].isChosen(settings)) ?? "lancedb";
}

/** Describes where the collections of a store are, for people. */
export function storeLocation(settings: Settings, kind: StoreKind): string {
  return kindsOfStores[kind].locationOf(settings);
}

/** Names that tell the configured store apart from others. */
export function storeIdentity(settings: Settings): readonly string[] {
  return kindsOfStores[storeKind(settings)].identityOf(settings);
}
