/** What a re-embedding would do. */
import { differingRows, type RowsCompared } from "../../operations/index.js";
import { closed } from "../lifetimes/closing.js";
import type { PipelineParts } from "../wiring/pipeline-parts.js";
import { stateOf } from "./reembed.js";
import type { ReembedRequest } from "./request.js";
import { type Roles, rolesOf } from "./roles.js";

export interface ReembedPreview {
  /** The alias that would be switched. */
  readonly alias: string;
  readonly from: string;
  /** The new collection. */
  readonly to: string;
  /** Rows of the old collection. */
  readonly rows: number;
  /** Rows that the new collection has already. */
  readonly present: number;
  /** Images that would be embedded. */
  readonly wouldEmbed: number;
}

export async function previewReembed(
  parts: PipelineParts,
  { name, alias, signal = new AbortController().signal }: ReembedRequest,
): Promise<ReembedPreview> {
  const store = await parts.store(signal);
  const planned: Roles = { alias: alias ?? name, live: name, next: null, previous: null };
  const isNew = alias !== undefined && (await store.aliases()).every((each) => each.alias !== alias);
  const { roles, next, isStarted } = await stateOf(parts, store, isNew ? planned : await rolesOf(store, alias ?? name), signal);
  const origin = await store.openCollection(roles.live, "read");
  const target = isStarted ? await store.openCollection(next, "read") : null;
  return closed(target === null ? [origin] : [target, origin], async () => {
    const counts: RowsCompared = { rows: 0, same: 0, missing: 0 };
    if (target === null) counts.rows = await origin.count();
    else for await (const _ of differingRows(origin, target, { isTried: () => false, counts, signal }));
    const { rows, same: present } = counts;
    return { alias: roles.alias, from: roles.live, to: next, rows, present, wouldEmbed: rows - present };
  });
}
