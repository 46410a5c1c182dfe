/** Where the dead letters of a collection are: each store, database and collection has a file of its own. */
import { join } from "node:path";
import { type StoreKind, storeKind } from "../configuration/kinds.js";
import type { Settings } from "../configuration/settings.js";

export function deadLetterPath(settings: Settings, collection: string): string {
  return join(settings.lancedb.path, "dead-letters", ...folders(settings, storeKind(settings)), `${collection}.jsonl`);
}

function folders({ milvus }: Settings, kind: StoreKind): readonly string[] {
  switch (kind) {
    case "lancedb":
      return [];
    case "milvus":
      return ["milvus", fileName(`${milvus?.host}_${milvus?.port}`), fileName(milvus?.database ?? "default")];
    default:
      return kind satisfies never;
  }
}

/** Hosts may be IPv6 addresses, and file systems refuse colons. */
function fileName(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "_");
}
