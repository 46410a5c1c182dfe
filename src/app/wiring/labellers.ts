/** Opens the model for texts, and embeds the labels that images get. */
import { type LabelChoice, type Labeller, makeLabeller } from "../../chain/index.js";
import { type Collection, HeadraceError } from "../../contracts/index.js";
import type { PipelineParts } from "./pipeline-parts.js";

/** Each label of an image is a metadata key, and collections have a limited number of keys. */
const maxLabels = 10;

/** Throws `text_unavailable`, `word_unknown`, or `usage_invalid` if the model takes any text and no texts are given. */
export async function labellerOf(
  parts: PipelineParts,
  collection: Collection,
  choice: LabelChoice,
  signal: AbortSignal,
): Promise<Labeller> {
  if (!Number.isInteger(choice.count) || choice.count < 1 || choice.count > maxLabels) {
    throw new HeadraceError("usage_invalid", `labels: expected a number of labels from 1 to ${maxLabels}, found ${choice.count}`, {
      hint: "For example: --labels 3",
    });
  }
  const embedder = await parts.textEmbedder(signal);
  if (embedder.labels === null && choice.texts === null) {
    throw new HeadraceError("usage_invalid", `labels: expected a list of labels for ${embedder.label}, which takes any text, found none`, {
      hint: "For example: --labels cat,dog,bird",
    });
  }
  if (!(await collection.isEmpty(signal))) await parts.passports.checkText(collection, embedder, signal);
  return makeLabeller(embedder, embedder.labels ?? [], choice, signal);
}
