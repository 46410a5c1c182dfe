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
  checkTemplates(choice);
  const embedder = await parts.textEmbedder(signal);
  if (choice.templates !== undefined && embedder.labels !== null) {
    throw new HeadraceError(
      "usage_invalid",
      `labels: expected no template for ${embedder.label}, which knows single words, found "${choice.templates[0]}"`,
      { hint: "Leave the template out, or use a CLIP or SigLIP, which takes any text." },
    );
  }
  if (embedder.labels === null && choice.texts === null) {
    throw new HeadraceError("usage_invalid", `labels: expected a list of labels for ${embedder.label}, which takes any text, found none`, {
      hint: "For example: --labels cat,dog,bird",
    });
  }
  if (!(await collection.isEmpty(signal))) await parts.passports.checkText(collection, embedder, signal);
  return makeLabeller(embedder, embedder.labels ?? [], choice, signal);
}

function checkTemplates({ templates }: LabelChoice): void {
  if (templates === undefined) return;
  const wrong = templates.length === 0 ? "none" : templates.find((template) => !template.includes("{}"));
  if (wrong === undefined) return;
  throw new HeadraceError("usage_invalid", `labels: expected a template with {} for the label, found "${wrong}"`, {
    hint: 'For example: --template "a photo of a {}"',
  });
}
