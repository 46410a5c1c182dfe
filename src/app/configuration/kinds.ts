/** The kinds of embedders, stores and files, and how the settings choose them. */
import { resolve } from "node:path";
import { addressOf } from "../../adapters/milvus/options.js";
import { placeOf, postgresSection } from "../../adapters/postgres/options.js";
import type { Settings } from "./settings.js";

export type EmbedderKind = "onnx" | "triton";
export type StoreKind = "lancedb" | "milvus" | "postgres";
export const fileFormats = ["parquet", "npy"] as const;
export type FileFormat = (typeof fileFormats)[number];

/** Returns the kind of embedder. `auto` means Triton if there is a `triton` section, otherwise ONNX Runtime. */
export function embedderKind({ embedder, triton }: Settings): EmbedderKind {
  if (embedder.kind !== "auto") return embedder.kind;
  return triton === null ? "onnx" : "triton";
}

interface KindOfStore {
  /** Returns whether the settings choose this kind of store. The first chosen kind in the table below is used. */
  readonly isChosen: (settings: Settings) => boolean;
  /** Describes for people where the store keeps its collections. */
  readonly locationOf: (settings: Settings) => string;
  /** Names that identify a store among stores of this kind. They become folder names for dead-letter files. */
  readonly identityOf: (settings: Settings) => readonly string[];
}

const kindsOfStores: Readonly<Record<StoreKind, KindOfStore>> = {
  milvus: {
    isChosen: ({ milvus }) => milvus !== null,
    locationOf: ({ milvus }) => {
      if (milvus === null) return "Milvus at the default address";
      const { host, port } = addressOf(milvus);
      return `Milvus at ${host}:${port}`;
    },
    identityOf: ({ milvus }) => {
      if (milvus === null) return ["milvus"];
      const { host, port, database } = addressOf(milvus);
      return ["milvus", `${host}_${port}`, database ?? "default"];
    },
  },
  postgres: {
    isChosen: ({ postgres }) => postgres !== null,
    locationOf: (settings) => {
      const { host, database } = placeOf(postgresOf(settings).url);
      return `PostgreSQL at ${host}, database ${database}`;
    },
    identityOf: (settings) => {
      const { url, schema, tablePrefix } = postgresOf(settings);
      const { host, database } = placeOf(url);
      const folder = (text: string) => text.replace(/[^\w.-]/g, "_");
      return ["postgres", folder(host), folder(`${database}.${schema ?? ""}.${tablePrefix}`)];
    },
  },
  lancedb: {
    isChosen: () => true,
    locationOf: ({ lancedb }) => `the folder ${resolve(lancedb.path)}`,
    identityOf: () => [],
  },
};

const byPrecedence = Object.keys(kindsOfStores) as readonly StoreKind[];
export const storeKinds = [...byPrecedence].sort();

function postgresOf({ postgres }: Settings) {
  return postgres ?? postgresSection.parse({});
}

/** Returns the kind of store: Milvus if there is a `milvus` section, PostgreSQL if there is a `postgres` section, otherwise LanceDB. */
export function storeKind(settings: Settings): StoreKind {
  return byPrecedence.find((kind) => kindsOfStores[kind].isChosen(settings)) ?? "lancedb";
}

/** Describes for people where a store keeps its collections. */
export function storeLocation(settings: Settings, kind: StoreKind): string {
  return kindsOfStores[kind].locationOf(settings);
}

/** Names that identify the configured store among all stores. */
export function storeIdentity(settings: Settings): readonly string[] {
  return kindsOfStores[storeKind(settings)].identityOf(settings);
}

/** Which texts can be searched for: any, only the labels of the model, or none. */
export type TextSearch = "any text" | "labels" | "none";
