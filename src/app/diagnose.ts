/** Finds problems of the embedder and the store, and possible speed-ups. */
import { type CollectionStats, type Finding, HeadraceError, type Part } from "../contracts/index.js";
import { embedderKind, storeKind } from "./configuration/kinds.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

/** The result of `diagnose`. */
export interface Diagnosis {
  /** False when at least one finding is a problem. Advice is not a problem. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** A search without an index takes 0.2 s for this many vectors of 512 numbers. */
const manyRows = 50_000;

/** Time limit for all parts together. */
const timeoutMs = 30_000;

/** Opens every part and calls its `diagnose`. If a part cannot be opened, its error becomes a finding. */
export async function diagnose(parts: PipelineParts): Promise<Diagnosis> {
  const signal = AbortSignal.timeout(timeoutMs);
  const findings = await Promise.all([
    findingsOf(`embedder ${embedderKind(parts.settings)}`, signal, async () => {
      const { decoder, preprocessor, embedder } = await parts.chain(signal);
      await embedder.check(signal);
      return [decoder, ...(preprocessor === null ? [] : [preprocessor]), embedder];
    }),
    findingsOf(`store ${storeKind(parts.settings)}`, signal, async () => {
      const store = await parts.store(signal);
      await store.check(signal);
      return [store, { name: "indexes", diagnose: async () => missingIndexes(await store.list()) }];
    }),
  ]);
  const all = findings.flat();
  return { ok: all.every(({ severity }) => severity !== "problem"), findings: all };
}

/** Collections that are large and have no vector index. Searches of smaller ones are fast without. */
function missingIndexes(collections: readonly CollectionStats[]): readonly Finding[] {
  return collections
    .filter(({ count, index }) => index === "none" && count >= manyRows)
    .map(({ name, count }) => ({
      severity: "advice",
      part: `collection ${name}`,
      message: `expected a vector index for ${count} rows, found none, so each search compares all rows`,
      hint: `Run \`headrace collection index ${name}\`.`,
    }));
}

async function findingsOf(name: string, signal: AbortSignal, open: () => Promise<readonly Part[]>): Promise<readonly Finding[]> {
  try {
    const opened = await open();
    return (await Promise.all(opened.map((part) => part.diagnose?.(signal) ?? []))).flat();
  } catch (thrown) {
    const { code, message, hint } = HeadraceError.from(thrown);
    return [{ severity: "problem", part: name, message: `[${code}] ${message}`, hint }];
  }
}
