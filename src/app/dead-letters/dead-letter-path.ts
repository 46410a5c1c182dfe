/** The path of the dead-letter file of a collection. It is unique per store, database and collection. */
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

/** A host may be an IPv6 address, and some file systems do not allow colons. */
function fileName(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "_");
}
