/** What the settings say of collections. */
import type { Metric } from "../../contracts/index.js";
import type { Settings } from "../configuration/settings.js";

/** The collection for calls and commands that do not name a collection. */
export function defaultCollection({ milvus }: Settings): string {
  return milvus?.collectionName ?? "images";
}

/**
 * The metric of a new collection: the one that the settings declare for this collection, else that of the `milvus` section, else cosine.
 */
export function declaredMetric({ collections, milvus }: Settings, name: string): Metric {
  const declared = collections.find((collection) => collection.name === name)?.index.metricType;
  return (declared ?? milvus?.metricType ?? "COSINE").toLowerCase() as Metric;
}
