/** What the engine knows about one item while the item is in flight. */
import type { Item, Key } from "../contracts/index.js";

export interface Ticket {
  /** The id that the source gave the item. */
  readonly id: Key;
  /** The item that the last stage returned. */
  item: Item<unknown>;
  /** True once the item has passed the byte gate. From then on, `chargedBytes` of the memory budget are reserved for the item. */
  admitted: boolean;
  chargedBytes: number;
  /** True when a stage has sent the item directly to the sink, past the stages in between. */
  bypassed: boolean;
  /** When the item entered its current queue, in milliseconds of `performance.now()`. */
  queuedAt: number;
}

export function ticketOf(item: Item<unknown>): Ticket {
  return { id: item.id, item, admitted: false, chargedBytes: 0, bypassed: false, queuedAt: 0 };
}
