/** Which folders, globs and prefixes of buckets a listing has listed whole. */
import type { OnSource } from "../../contracts/index.js";

/**
 * Passes events on, and calls `onListed` with the root of each source that was listed to its end, if each of its parts could be listed. So the
 * failure of a source that was away in an earlier run is over.
 */
export function toldWhole(onSource: OnSource | undefined, onListed: ((uri: string) => void) | undefined): OnSource | undefined {
  if (onListed === undefined) return onSource;
  const incomplete = new Set<string>();
  return (event) => {
    if (event.kind === "unreadable") incomplete.add(event.root);
    else if (event.kind === "ended" && !incomplete.has(event.root)) onListed(event.root);
    onSource?.(event);
  };
}
