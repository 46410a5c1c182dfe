/** Cuts a text file into parts at the ends of lines, and reads such a part again. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { HeadraceError } from "../contracts/index.js";
import { mebibyte } from "../kit/index.js";
import type { ShardPart } from "./shard-content.js";

type LinePart = Extract<ShardPart, { kind: "lines" }>;

/** A part with long lines ends before it has all its lines: workers read a part into memory. */
const maxPartBytes = 16 * mebibyte;
const lineFeed = 10;

export interface FoundLines {
  readonly part: LinePart;
  readonly lines: number;
}

/** Reads the file once, in bounded memory. Throws `source_failed`. */
export async function* splitLines(path: string, linesPerPart: number, stop: AbortSignal): AsyncGenerator<FoundLines> {
  let [start, firstLine, lines, at] = [0, 1, 0, 0];
  let isEnded = true;
  let hash = createHash("sha256");
  const found = (end: number): FoundLines => ({ part: { kind: "lines", path, start, end, firstLine, digest: hash.digest("hex") }, lines });
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: mebibyte })) {
      if (stop.aborted) return;
      const bytes = chunk as Buffer;
      let hashed = 0;
      for (let next = bytes.indexOf(lineFeed); next !== -1; next = bytes.indexOf(lineFeed, next + 1)) {
        lines += 1;
        const end = at + next + 1;
        if (lines < linesPerPart && end - start < maxPartBytes) continue;
        hash.update(bytes.subarray(hashed, next + 1));
        yield found(end);
        hashed = next + 1;
        firstLine += lines;
        [start, lines, hash] = [end, 0, createHash("sha256")];
      }
      hash.update(bytes.subarray(hashed));
      at += bytes.length;
      isEnded = bytes.at(-1) === lineFeed;
    }
  } catch (cause) {
    throw HeadraceError.is(cause) ? cause : unreadable(path, cause);
  }
  if (at > start) yield { ...found(at), lines: isEnded ? lines : lines + 1 };
}

/** Throws `source_failed` if the bytes are not those that were distributed. */
export async function* linesOfPart({ path, start, end, digest, firstLine }: LinePart): AsyncGenerator<string> {
  const bytes = Buffer.alloc(end - start);
  const file = await open(path, "r").catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    await file.read(bytes, 0, bytes.length, start);
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    await file.close();
  }
  if (createHash("sha256").update(bytes).digest("hex") !== digest) {
    throw new HeadraceError("source_failed", `${path} from line ${firstLine}: expected the lines that were distributed, found others`, {
      item: path,
      hint: "The file has changed. Run `headrace distribute` again.",
    });
  }
  const lines = bytes
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split("\n");
  if (lines.at(-1) === "") lines.pop();
  yield* lines;
}

function unreadable(path: string, cause: unknown): HeadraceError {
  return new HeadraceError("source_failed", `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
    item: path,
    hint: "All workers must see the file under this path.",
    cause,
  });
}
