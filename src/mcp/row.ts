/** A stored row as a tool tells it. */
import type { ImageFacts, Key } from "../contracts/index.js";

/** Metadata without a value are left out. */
export function rowJson({ id, facts }: { readonly id: Key; readonly facts: ImageFacts }): Readonly<Record<string, unknown>> {
  const { source, width, height } = facts;
  const metadata = Object.fromEntries(Object.entries(facts.metadata).filter(([, value]) => value !== null));
  return { id: String(id), source, width, height, metadata };
}
