/** Finds problems of embedder and store, and advice that makes them faster. */
import { type Finding, HeadraceError, type Part } from "../contracts/index.js";
import { embedderKind, storeKind } from "./configuration/kinds.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

/** The result of `diagnose`. */
export interface Diagnosis {
  /** False when a finding is a problem. Advice does not count. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** All parts together must answer within this time. */
const timeoutMs = 30_000;

/** Opens every part and calls its `diagnose`. A part that cannot be opened becomes a finding. */
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
      return [store];
    }),
  ]);
  const all = findings.flat();
  return { ok: all.every(({ severity }) => severity !== "problem"), findings: all };
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
