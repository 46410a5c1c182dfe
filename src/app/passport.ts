/** Compares what made a collection with what would write to it or search it now. */
import { type Collection, HeadraceError, type Passport } from "../contracts/index.js";
import { type Chain, comparePassports, passportMismatch, probeImages, vectorize } from "../kit/index.js";

/** Embeds the probes through the whole chain. */
export async function passportOf(chain: Chain, signal: AbortSignal): Promise<Passport> {
  const vectors = await vectorize(chain, probeImages(), signal);
  return {
    probes: vectors.map((vector) => [...vector]),
    labels: {
      model: chain.embedder.label,
      preprocessing: `${chain.preprocessing.name} (${chain.preprocessor?.label ?? chain.decoder.name})`,
      normalize: chain.normalize,
    },
  };
}

/** Writes the chain's passport over whatever the collection says. Throws `dimension_mismatch`. */
export async function adoptPassport(collection: Collection, chain: Chain, signal: AbortSignal): Promise<void> {
  checkDimension(collection, chain);
  await collection.setPassport(await passportOf(chain, signal));
}

/** Throws `passport_mismatch`, `passport_missing` or `dimension_mismatch` unless the chain made the collection, or may begin it. */
export async function checkPassport(collection: Collection, chain: Chain, access: "read" | "write", signal: AbortSignal): Promise<void> {
  checkDimension(collection, chain);
  const now = await passportOf(chain, signal);
  if (collection.passport !== null) {
    if (!comparePassports(collection.passport, now).same) throw passportMismatch(collection.passport, now, collection.name);
    return;
  }
  if (!(await collection.isEmpty(signal))) {
    throw new HeadraceError("passport_missing", `Collection ${collection.name} has rows, but does not say which model made them.`, {
      item: collection.name,
    });
  }
  if (access === "write") await collection.setPassport(now);
}

function checkDimension(collection: Collection, chain: Chain): void {
  if (chain.embedder.dimension === collection.dimension) return;
  throw new HeadraceError(
    "dimension_mismatch",
    `Collection ${collection.name} holds vectors of ${collection.dimension} numbers, ${chain.embedder.label} makes ${chain.embedder.dimension}.`,
    { item: collection.name },
  );
}
