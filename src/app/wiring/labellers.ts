/** Opens what gives images their labels: the model for texts, or a head. */
import { type HeadChoice, headLabeller, type LabelChoice, type LabelLimits, type Labeller, makeLabeller } from "../../chain/index.js";
import { type Collection, HeadraceError } from "../../contracts/index.js";
import { checkLabelSet } from "../../kit/index.js";
import { type Closable, closedOnError } from "../lifetimes/closing.js";
import { openHead } from "./heads.js";
import type { PipelineParts } from "./pipeline-parts.js";

/** Each label of an image is a metadata key, and collections have a limited number of keys. */
const maxLabels = 10;

export interface OpenedLabeller extends Closable {
  readonly labeller: Labeller;
}

/** Embeds the labels that images get. Throws `text_unavailable`, `word_unknown`, or `usage_invalid` if the model takes any text and no texts are given. */
export async function labellerOf(
  parts: PipelineParts,
  collection: Collection,
  choice: LabelChoice,
  signal: AbortSignal,
): Promise<Labeller> {
  checkLimits(choice);
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

/** Opens the file of the head. The caller closes it. Throws `model_invalid`, `dimension_mismatch`, or `usage_invalid`. */
export async function openHeadLabeller(
  parts: PipelineParts,
  collection: Collection,
  { file, ...choice }: HeadChoice & { readonly file: string },
  signal: AbortSignal,
): Promise<OpenedLabeller> {
  checkLimits(choice);
  const head = await openHead(file, parts.settings.embedder.threads, signal);
  const labeller = await closedOnError([head], () => headLabeller(head, collection.dimension, choice, signal));
  return { labeller, close: () => head.close() };
}

function checkLimits({ count, set = null }: LabelLimits): void {
  if (!Number.isInteger(count) || count < 1 || count > maxLabels) {
    throw new HeadraceError("usage_invalid", `labels: expected a number of labels from 1 to ${maxLabels}, found ${count}`, {
      hint: "For example: --labels 3",
    });
  }
  if (set !== null) checkLabelSet(set);
}

function checkTemplates({ templates }: LabelChoice): void {
  if (templates === undefined) return;
  const wrong = templates.length === 0 ? "none" : templates.find((template) => !template.includes("{}"));
  if (wrong === undefined) return;
  throw new HeadraceError("usage_invalid", `labels: expected a template with {} for the label, found "${wrong}"`, {
    hint: 'For example: --template "a photo of a {}"',
  });
}
