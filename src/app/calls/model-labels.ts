/** `modelLabels`: the words for which the configured model can be searched. */
import type { Label } from "../../contracts/index.js";
import type { ServiceConfig } from "../configuration/service-config.js";
import { PipelineParts } from "../wiring/pipeline-parts.js";

/** Returns the labels that the model for texts knows. null: it takes any text. Throws `text_unavailable`. Opens no store. */
export async function modelLabels(config: ServiceConfig): Promise<readonly Label[] | null> {
  const parts = new PipelineParts(config.settings());
  try {
    return (await parts.textEmbedder(new AbortController().signal)).labels;
  } finally {
    await parts.close();
  }
}
