/** What is wrong with the parts, and what would be faster. */
import { type Finding, HeadraceError, type Part } from "../contracts/index.js";
import { embedderKind, storeKind } from "./configuration/kinds.js";
import type { PipelineParts } from "./wiring/pipeline-parts.js";

export interface Diagnosis {
  /** False when there is a problem; advice alone is no problem. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** How long a part may take to answer. */
const timeoutMs = 30_000;

/** Opens every part and asks it; a part that cannot be opened is a finding. */
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
