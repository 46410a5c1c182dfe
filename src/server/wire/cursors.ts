/** Cursors of pages: the id of the last row, as text that clients pass back unread. */
import type { Key } from "../../contracts/index.js";
import { Refused } from "./problems.js";

export function cursorOf(last: Key): string {
  return Buffer.from(String(last)).toString("base64url");
}

/** Throws `request_invalid` for a text that no page of such a collection has given. */
export function keyOfCursor(cursor: string, idType: "text" | "int64"): Key {
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const isOurs = cursorOf(text) === cursor && !text.includes("\0");
  if (isOurs && idType === "text") return text;
  if (isOurs && /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return BigInt(text);
  throw new Refused("request_invalid", "cursor: expected next_cursor of an earlier page of this collection, found another text.");
}
