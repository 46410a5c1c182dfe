/** Makes the passport of the pipeline's chain once, and compares that passport with the passports of collections. */

import { type Chain, decodePixels, probeImages, vectorAt, vectorize } from "../../chain/index.js";
import { type Collection, type Encoded, HeadraceError, type Passport, type TextEmbedder, type TextProbes } from "../../contracts/index.js";
import { checkTextProbes, comparePassports, passportMismatch, probeTexts } from "../../kit/index.js";
import { Shared } from "../lifetimes/shared.js";
import type { PartOwner } from "./part-owner.js";

export class Passports {
  readonly #owner: PartOwner;
  readonly #texts: (signal: AbortSignal) => Promise<TextEmbedder | null>;
  readonly #made = new WeakMap<Chain, { readonly label: string; readonly passport: Shared<Passport> }>();
  /** For each passport of this chain: the passports of collections that were found equal. */
  readonly #equal = new WeakMap<Passport, WeakSet<Passport>>();
  #probes: readonly Encoded[] | null = null;

  /** `owner` owns the parts of the chain. `texts` opens the model for any text; null: there is none. */
  constructor(owner: PartOwner, texts: (signal: AbortSignal) => Promise<TextEmbedder | null>) {
    this.#owner = owner;
    this.#texts = texts;
  }

  /** Returns the passport of the chain. Embeds the probe images at the first call, and again if the embedder's label has changed. */
  of(chain: Chain, signal: AbortSignal): Promise<Passport> {
    const { label } = chain.embedder;
    const known = this.#made.get(chain);
    if (known?.label === label) return known.passport.get(signal);
    const passport = new Shared(() => this.#owner.run((ending) => makePassport(chain, this.#probeImages(), ending)));
    this.#made.set(chain, { label, passport });
    return passport.get(signal);
  }

  /** Forgets the chain's passport. Called after the embedder's service was down, because the service may now have another model. */
  doubt(chain: Chain): void {
    this.#made.get(chain)?.passport.forget();
  }

  /** Replaces the passport of the collection by the passport of the chain. Throws `dimension_mismatch`. */
  async adopt(collection: Collection, chain: Chain, signal: AbortSignal): Promise<void> {
    checkDimension(collection, chain);
    const liveSince = (await collection.stats()).passport?.liveSince;
    await collection.setPassport({ ...(await this.#whole(chain, signal)), ...(liveSince === undefined ? {} : { liveSince }) });
  }

  /**
   * Checks that the collection's vectors come from this chain. Otherwise throws `passport_mismatch`, `passport_missing` or
   * `dimension_mismatch`. An empty collection without a passport gets the chain's passport if the collection is open for writing.
   */
  async check(collection: Collection, chain: Chain, access: "read" | "write", signal: AbortSignal): Promise<void> {
    checkDimension(collection, chain);
    const now = await this.of(chain, signal);
    // Another process may have set the passport since this collection was opened.
    const stored = collection.passport ?? (await collection.stats()).passport;
    if (stored !== null) return this.#compare(collection, chain, stored, now);
    if (!(await collection.isEmpty(signal))) {
      throw new HeadraceError(
        "passport_missing",
        `collection ${collection.name}: expected a passport that says which model made its vectors, found none`,
        {
          item: collection.name,
        },
      );
    }
    if (access === "write") await collection.setPassport(await this.#whole(chain, signal));
  }

  /**
   * Checks that the model for texts belongs to the collection. The labels of a classifier always do, because they are a part of the model
   * itself. Throws `passport_mismatch`, or `passport_missing` if the collection does not know its model for texts.
   */
  async checkText(collection: Collection, texts: TextEmbedder, signal: AbortSignal): Promise<void> {
    if (texts.labels !== null) return;
    const passport = collection.passport ?? (await collection.stats()).passport;
    if (passport?.text !== undefined) {
      checkTextProbes(collection, passport.text, await probesOf(texts, signal), passport.labels["model"] ?? "unknown");
      return;
    }
    throw new HeadraceError(
      "passport_missing",
      `collection ${collection.name}: expected a passport that says which model for texts belongs to it, found one without`,
      {
        item: collection.name,
        hint: `If "${texts.label}" belongs to the model for images: npx headrace collection adopt ${collection.name}`,
      },
    );
  }

  /** The passport of the chain, with the model for texts if there is one. */
  async #whole(chain: Chain, signal: AbortSignal): Promise<Passport> {
    const [images, texts] = await Promise.all([this.of(chain, signal), this.#texts(signal)]);
    return texts === null ? images : { ...images, text: await probesOf(texts, signal) };
  }

  #compare({ name, metric }: Collection, chain: Chain, stored: Passport, now: Passport): void {
    if (this.#equal.get(now)?.has(stored)) return;
    if (!comparePassports(stored, now, metric).same) {
      // The embedder's service may have replaced the model under the same name. So the next call embeds the probe images again.
      this.doubt(chain);
      throw passportMismatch(stored, now, name, { metric });
    }
    const equal = this.#equal.get(now) ?? new WeakSet();
    this.#equal.set(now, equal.add(stored));
  }

  #probeImages(): readonly Encoded[] {
    this.#probes ??= probeImages();
    return this.#probes;
  }
}

export async function makePassport(chain: Chain, probes: readonly Encoded[], signal: AbortSignal): Promise<Passport> {
  const decoded = await Promise.all(probes.map((probe) => decodePixels(chain, probe, signal)));
  const vectors = await vectorize(chain, decoded, signal);
  return {
    probes: vectors.map((vector) => [...vector]),
    labels: {
      model: chain.embedder.label,
      preprocessing: `${chain.preprocessing.name} (${chain.preprocessor?.label ?? chain.decoder.name})`,
      normalize: chain.normalize,
    },
  };
}

async function probesOf(texts: TextEmbedder, signal: AbortSignal): Promise<TextProbes> {
  const vectors = await texts.embedText(probeTexts, signal);
  return { label: texts.label, probes: probeTexts.map((_, row) => [...vectorAt(vectors, row)]) };
}

function checkDimension(collection: Collection, chain: Chain): void {
  if (chain.embedder.dimension === collection.dimension) return;
  throw new HeadraceError(
    "dimension_mismatch",
    `collection ${collection.name}: expected vectors of ${collection.dimension} numbers, found ${chain.embedder.dimension} from ${chain.embedder.label}`,
    { item: collection.name },
  );
}
