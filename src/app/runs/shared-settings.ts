/** The settings that all workers of a fleet must share. */
import type { FleetPlan } from "../../fleet/index.js";
import { storeIdentity, storeKind } from "../configuration/kinds.js";
import type { Settings } from "../configuration/settings.js";

/** Returns the settings that all workers must share, and that no passport shows. */
export function sharedSettings(settings: Settings): FleetPlan["settings"] {
  const { preprocess, milvus } = settings;
  return {
    store: storeKind(settings),
    "milvus.database": milvus?.database ?? "default",
    ...(storeKind(settings) === "postgres" ? { "postgres tables": storeIdentity(settings).join("/") } : {}),
    "preprocess.damaged": preprocess.damaged,
    "preprocess.max_file_mb": String(preprocess.maxFileMb),
    "preprocess.max_pixels": String(preprocess.maxPixels),
  };
}
