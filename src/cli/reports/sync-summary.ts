/** The summaries of `sync` and `verify` for people. */
import {
  type Difference,
  type IngestDocument,
  type KeptCounts,
  type KeptReason,
  keptReasons,
  type SyncPreview,
  type SyncRequest,
  type SyncStats,
  type Verification,
} from "../../app/index.js";
import { counted, shownSource } from "../terminal/printable-text.js";
import { summaryText } from "./summary.js";

type Mirrored = Pick<SyncStats, "new" | "changed" | "moved" | "unchanged" | "missing" | "pruned" | "kept">;

/** `rows`: what the command was to do with the rows of images that are gone. */
export function syncText(document: IngestDocument & Mirrored, ending: readonly string[], rows: SyncRequest["missing"]): string {
  const { new: added, changed, moved, unchanged } = document;
  const movedText = moved === null || moved === 0 ? "" : ` (${format(moved)} moved)`;
  const lines = [
    `  ${format(added)} new${movedText}, ${format(changed)} changed, ${format(unchanged)} unchanged`,
    ...missingLines(document, rows),
    ...keptLines(document.kept),
  ];
  return `${summaryText(document, ending)}${lines.join("\n")}\n`;
}

function missingLines({ missing, pruned, kept }: Mirrored, rows: SyncRequest["missing"]): readonly string[] {
  if (missing === null && kept.list_unnamed !== undefined) return [];
  if (missing === null) return ["  Rows of images that are gone were not counted, because the listing is not complete."];
  if (missing === 0) return [];
  if (pruned > 0) return [`  ${counted(pruned, "row")} of images that are gone deleted`];
  const gone = `  ${counted(missing, "row")} of images that are gone`;
  return [rows === "delete" ? `${gone} kept` : `${gone}; --prune deletes them`];
}

/** One line for each reason. */
function keptLines(kept: KeptCounts): readonly string[] {
  return (Object.entries(kept) as [KeptReason, number][]).map(
    ([reason, rows]) => `  ${counted(rows, "row")} kept (${reason}): ${keptReasons[reason]}`,
  );
}

export function syncPreviewText(
  { new: added, changed, unchanged, unclear, skipped, failed, missing, kept }: SyncPreview,
  collection: string,
): string {
  const parts = [
    `${format(added)} new`,
    `${format(changed)} changed`,
    `${format(unchanged)} unchanged`,
    ...(unclear > 0 ? [`${format(unclear)} must be read to know`] : []),
    ...(skipped > 0 ? [`${format(skipped)} would be skipped`] : []),
    ...(failed > 0 ? [`${format(failed)} would fail`] : []),
  ];
  const first = `${parts.join(", ")}; ${counted(missing, "row")} of images that are gone in ${collection}. Nothing was written.`;
  return `${[first, ...keptLines(kept)].join("\n")}\n`;
}

export function verifyText(found: Verification, examples: readonly Difference[], collection: string): string {
  const { listed, rows, missing, changed, extra, damaged, unclear, repaired } = found;
  const parts = [`${format(missing)} missing`, `${format(changed)} changed`, `${format(extra)} extra`, `${format(damaged)} damaged`];
  const lines = [
    `${counted(listed, "image")} listed, ${counted(rows, "row")} of this source in collection ${collection}: ${parts.join(", ")}`,
    ...(unclear > 0 ? [`  ${format(unclear)} without a version: only an ingestion can tell whether they have changed`] : []),
    ...examples.map(({ kind, source, reason }) => `  ${kind}: ${shownSource(source)}: ${reason}`),
    ...(repaired > 0 ? [`  ${counted(repaired, "row")} repaired`] : []),
    ...(extra > 0 ? ["  Extra rows are kept. To delete them: headrace sync SOURCE --prune"] : []),
  ];
  return `${lines.join("\n")}\n`;
}

function format(value: number): string {
  return value.toLocaleString("en-US");
}
