/** The passport of the pipeline's chain, made once, and its comparison with those of collections. */

import { type Chain, probeImages, vectorize } from "../../chain/index.js";
import { type Collection, type Encoded, HeadraceError, type Passport } from "../../contracts/index.js";
import { comparePassports, passportMismatch } from "../../kit/index.js";
import type { PartOwner } from "./part-owner.js";
import { Shared } from "./shared.js";

/** One owner a pipeline. */
export class Passports {
  readonly #owner: PartOwner;
  readonly #made = new WeakMap<Chain, { readonly label: string; readonly passport: Shared<Passport> }>();
  /** Which of the stored passports were found to be the same as one of ours. */
  readonly #agreed = new WeakMap<Passport, WeakSet<Passport>>();
  #probes: readonly Encoded[] | null = null;

  /** The owner of the chains' parts. */
  constructor(owner: PartOwner) {
    this.#owner = owner;
  }

  /** Embeds the probes, unless it was done for this chain and its embedder is called what it was then. */
  of(chain: Chain, signal: AbortSignal): Promise<Passport> {
    const { label } = chain.embedder;
    const known = this.#made.get(chain);
    if (known?.label === label) return known.passport.get(signal);
    const passport = new Shared(() => this.#owner.run((ending) => makePassport(chain, this.#probeImages(), ending)));
    this.#made.set(chain, { label, passport });
    return passport.get(signal);
  }

  /** Called when the embedder was away: who knows what came back. */
  doubt(chain: Chain): void {
    this.#made.get(chain)?.passport.forget();
  }

  /** Writes the chain's passport over whatever the collection says. Throws `dimension_mismatch`. */
  async adopt(collection: Collection, chain: Chain, signal: AbortSignal): Promise<void> {
    checkDimension(collection, chain);
    await collection.setPassport(await this.of(chain, signal));
  }

  /** Throws `passport_mismatch`, `passport_missing` or `dimension_mismatch` unless the chain made the collection, or may begin it. */
  async check(collection: Collection, chain: Chain, access: "read" | "write", signal: AbortSignal): Promise<void> {
    checkDimension(collection, chain);
    const now = await this.of(chain, signal);
    // Another writer may have said it since this handle was opened.
    const stored = collection.passport ?? (await collection.stats()).passport;
    if (stored !== null) return this.#compare(collection, chain, stored, now);
    if (!(await collection.isEmpty(signal))) {
      throw new HeadraceError("passport_missing", `Collection ${collection.name} has rows, but does not say which model made them.`, {
        item: collection.name,
      });
    }
    if (access === "write") await collection.setPassport(now);
  }

  #compare({ name, metric }: Collection, chain: Chain, stored: Passport, now: Passport): void {
    if (this.#agreed.get(now)?.has(stored)) return;
    if (!comparePassports(stored, now, metric).same) {
      // Where the model changes behind its name, the next call may find the right one again.
      this.doubt(chain);
      throw passportMismatch(stored, now, name, { metric });
    }
    const agreed = this.#agreed.get(now) ?? new WeakSet();
    this.#agreed.set(now, agreed.add(stored));
  }

  #probeImages(): readonly Encoded[] {
    this.#probes ??= probeImages();
    return this.#probes;
  }
}

/** Embeds the probes through the whole chain. */
export async function makePassport(chain: Chain, probes: readonly Encoded[], signal: AbortSignal): Promise<Passport> {
  const vectors = await vectorize(chain, probes, signal);
  return {
    probes: vectors.map((vector) => [...vector]),
    labels: {
      model: chain.embedder.label,
      preprocessing: `${chain.preprocessing.name} (${chain.preprocessor?.label ?? chain.decoder.name})`,
      normalize: chain.normalize,
    },
  };
}

function checkDimension(collection: Collection, chain: Chain): void {
  if (chain.embedder.dimension === collection.dimension) return;
  throw new HeadraceError(
    "dimension_mismatch",
    `Collection ${collection.name} holds vectors of ${collection.dimension} numbers, ${chain.embedder.label} makes ${chain.embedder.dimension}.`,
    { item: collection.name },
  );
}
