/** Checks the embedder and the store with a real call to each. */
import { type ErrorCode, HeadraceError } from "../../contracts/index.js";
import { embedderKind, storeKind } from "../configuration/kinds.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";

/** The health of the embedder or the store. */
export interface PartHealth {
  readonly name: "embedder" | "store";
  /** Name of the adapter, such as "onnx" or "milvus". */
  readonly kind: string;
  readonly ok: boolean;
  /** Describes the part if it works; otherwise, the error message. */
  readonly detail: string;
  /** What to do about the error; null when the part works. */
  readonly hint: string | null;
  /** The code of the error; null when the part works. */
  readonly code: ErrorCode | null;
}

/** The result of `health`. */
export interface Health {
  /** True when both the embedder and the store work. */
  readonly ok: boolean;
  readonly parts: readonly PartHealth[];
}

/** Time limit for the embedder and the store together. */
const timeoutMs = 30_000;

export async function checkHealth(parts: PipelineParts): Promise<Health> {
  const signal = AbortSignal.timeout(timeoutMs);
  const checks = await Promise.all([
    healthOf("embedder", embedderKind(parts.settings), async () => {
      const { embedder, preprocessing, preprocessor } = await parts.chain(signal);
      await embedder.check(signal);
      return `${embedder.label}, ${embedder.dimension} dimensions, preprocessing ${preprocessor?.label ?? preprocessing.name}`;
    }),
    healthOf("store", storeKind(parts.settings), async () => {
      const store = await parts.store(signal);
      await store.check(signal);
      return `${store.name}, ${(await store.list()).length} collections`;
    }),
  ]);
  return { ok: checks.every(({ ok }) => ok), parts: checks };
}

async function healthOf(name: PartHealth["name"], kind: string, check: () => Promise<string>): Promise<PartHealth> {
  try {
    return { name, kind, ok: true, detail: await check(), hint: null, code: null };
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    return { name, kind, ok: false, detail: `[${error.code}] ${error.message}`, hint: error.hint, code: error.code };
  }
}
