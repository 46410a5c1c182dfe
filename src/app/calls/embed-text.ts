/** `embedText`: embeds a text into the space of the images, without storing it. */
import { HeadraceError } from "../../contracts/index.js";
import { never, refuseUnknownOptions } from "../collections/call-options.js";
import type { EmbedOptions } from "../runs/embed-images.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

export async function embedText(parts: PipelineParts, text: string, options: EmbedOptions): Promise<Float32Array> {
  refuseUnknownOptions("embedText", options, { signal: true });
  if (typeof text !== "string") throw new HeadraceError("usage_invalid", `embedText: expected a text, found ${typeof text}`);
  const { signal = never() } = options;
  const embedder = await parts.textEmbedder(signal);
  const { dimension, label } = (await parts.chain(signal)).embedder;
  const { values } = await parts.openCalls.during(() => embedder.embedText([text], signal));
  if (values.length === dimension) return values;
  throw new HeadraceError(
    "model_mismatch",
    `${embedder.label}: expected vectors of ${dimension} numbers, as ${label} makes them, found ${values.length}`,
    { hint: "Set `embedder.text` to the model for texts that belongs to the model for images." },
  );
}
