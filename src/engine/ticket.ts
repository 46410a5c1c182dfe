/** What the engine remembers of one item between reading and settling it; nothing is kept afterwards. */
import type { Item, Key } from "../contracts/index.js";

export interface Ticket {
  /** The id it was read with. */
  readonly id: Key;
  /** As the last stage left it. */
  item: Item<unknown>;
  /** Whether it passed the byte gate; from then on `chargedBytes` of the budget are its own. */
  admitted: boolean;
  chargedBytes: number;
  /** Whether a stage sent it straight to the sink. */
  bypassed: boolean;
  /** When it entered the queue that it waits in, in milliseconds of `performance.now()`. */
  queuedAt: number;
}

export function ticketOf(item: Item<unknown>): Ticket {
  return { id: item.id, item, admitted: false, chargedBytes: 0, bypassed: false, queuedAt: 0 };
}
