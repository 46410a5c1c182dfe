/** Compares models for texts by their vectors of two fixed texts, as passports compare models for images by fixed images. */
import { type Collection, HeadraceError, type TextProbes } from "../../contracts/index.js";

/** The texts have several scripts, so that tokenizers with different words for them give different vectors. They never change. */
export const probeTexts: readonly string[] = ["a red house beside a tree, 2 cats", "Zwei Häuser, три кошки и 一只狗"];

/** Two vectors of a text have the same direction if their cosine is at least this. */
const minCosine = 0.999;

/** Throws `passport_mismatch` if the model that now embeds texts is not the one that belongs to the collection. */
export function checkTextProbes({ name }: Pick<Collection, "name">, stored: TextProbes, now: TextProbes, images: string): void {
  const cosines = probeTexts.map((_, index) => cosine(stored.probes[index] ?? [], now.probes[index] ?? []));
  if (cosines.every((value) => value >= minCosine)) return;
  const found = cosines.map((value) => value.toFixed(4)).join(", ");
  throw new HeadraceError(
    "passport_mismatch",
    `collection ${name}: its images were embedded by "${images}" and its texts belong to "${stored.label}"; the settings now embed texts with "${now.label}"; ` +
      `expected cosines of the probe texts of at least ${minCosine}, found ${found}`,
    { item: name, hint: "Set `embedder.text` to the model for texts that belongs to the model for images." },
  );
}

function cosine(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return 0;
  const product = a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  return product / (Math.hypot(...a) * Math.hypot(...b));
}
