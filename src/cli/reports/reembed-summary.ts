/** The summary of a re-embedding for people. */
import type { IngestDocument, ReembedPreview, ReembedStats, Rollback } from "../../app/index.js";
import { counted } from "../terminal/printable-text.js";
import { summaryText } from "./summary.js";

type ReembedDocument = IngestDocument & Pick<ReembedStats, "alias" | "from" | "to" | "switched" | "caughtUp" | "deleted" | "kept" | "gate">;

export function reembedText(document: ReembedDocument, ending: readonly string[]): string {
  const { alias, from, to, switched, caughtUp, deleted, kept, gate } = document;
  const lines = [
    ...(caughtUp + deleted > 0 ? [`while it ran: ${counted(caughtUp, "row")} followed, ${counted(deleted, "row")} deleted`] : []),
    ...(kept > 0 ? [`kept: ${counted(kept, "row")} that only ${to} has, because they were inserted after an earlier switch`] : []),
    ...(gate === null ? [] : gateLines(gate)),
    switched
      ? `${alias} now names ${to}. Back: headrace reembed ${alias} --rollback. Drop ${from}: headrace reembed ${alias} --finish`
      : `${alias} still names ${from}.`,
  ];
  return summaryText(document, [...lines, ...ending], "embedded again");
}

export function rollbackText({ alias, from, to, onlyInFrom }: Rollback): string {
  const back = `${alias} now names ${to} again. ${from} is still there: run headrace reembed ${alias} to switch to it.\n`;
  if (onlyInFrom === 0) return back;
  return `${back}${counted(onlyInFrom, "row")} inserted since the switch ${onlyInFrom === 1 ? "is" : "are"} only in ${from}. To embed them for ${to} too, with its model: headrace reembed ${alias} --carry-over\n`;
}

export function previewText({ alias, from, to, rows, present, wouldEmbed }: ReembedPreview): string {
  return `${counted(rows, "row")} in ${from}: ${present} are in ${to} already, ${wouldEmbed} would be embedded. Then ${alias} would name ${to}. Nothing was written.\n`;
}

function gateLines({
  rowsBefore,
  rowsAfter,
  missing,
  sample,
  selfRetrieval,
  overlap,
}: NonNullable<ReembedStats["gate"]>): readonly string[] {
  const shares = [
    ...(selfRetrieval === null ? [] : [`${percent(selfRetrieval)} % find themselves first`]),
    ...(overlap === null ? [] : [`${percent(overlap)} % of their ten nearest neighbours are the same`]),
  ];
  return [
    `rows: ${rowsBefore} before, ${rowsAfter} after, ${missing} missing because their image fails`,
    ...(shares.length === 0 ? [] : [`of ${counted(sample, "row")} as a sample, ${shares.join(", and ")}`]),
  ];
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10;
}
