/** Finds problems of the embedder and the store, and possible speed-ups. */
import { type CollectionStats, type Finding, HeadraceError, type Part } from "../../contracts/index.js";
import { embedderKind, storeKind } from "../configuration/kinds.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** The result of `diagnose`. */
export interface Diagnosis {
  /** False when at least one finding is a problem. Advice is not a problem. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** A search without an index takes 0.2 s for this many vectors of 512 numbers. */
const manyRows = 50_000;

/** Advice names at most this many keys. */
const fewKeys = 10;

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
      return [
        store,
        { name: "indexes", diagnose: async () => missingIndexes((await store.list()).filter(({ count }) => count >= manyRows)) },
      ];
    }),
  ]);
  const all = findings.flat();
  return { ok: all.every(({ severity }) => severity !== "problem"), findings: all };
}

/** Indexes that large collections lack. Searches of smaller ones are fast without. */
function missingIndexes(collections: readonly CollectionStats[]): readonly Finding[] {
  return collections.flatMap(({ name, count, index, indexedKeys, indexableKeys }) => {
    const advise = (message: string, hint: string): Finding => ({ severity: "advice", part: `collection ${name}`, message, hint });
    const keys = indexableKeys.filter((key) => !indexedKeys.includes(key));
    const few = `${keys.slice(0, fewKeys).join(", ")}${keys.length > fewKeys ? ` and ${keys.length - fewKeys} more` : ""}`;
    return [
      ...(index === "none"
        ? [
            advise(
              `expected a vector index for ${count} rows, found none, so each search compares all rows`,
              `Run \`headrace collection index ${name}\`.`,
            ),
          ]
        : []),
      ...(keys.length > 0
        ? [
            advise(
              `a filter on one of these keys reads the key of all ${count} rows: ${few}`,
              `Run \`headrace collection index ${name} --on KEY\` for each key that your searches filter by.`,
            ),
          ]
        : []),
    ];
  });
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
