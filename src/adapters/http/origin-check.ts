/** Asks a web server once whether it still answers, with the address of an image that it has sent before. */
import type { ImageRef } from "../../contracts/index.js";
import { withDeadline } from "../../kit/index.js";
import { discard } from "./body.js";
import { isAnswer, tooLate } from "./errors.js";
import { type Exchange, fetchOnce } from "./exchange.js";

/** Rejects if no answer comes, or one that says that the server cannot serve anybody now. Only the first byte is asked for. */
export async function checkOrigin({ uri, location }: ImageRef, exchange: Exchange, signal: AbortSignal): Promise<void> {
  try {
    await withDeadline(
      (limited, untimed) =>
        fetchOnce<void>(
          location,
          {
            shown: uri,
            storedVersion: null,
            headers: { accept: "image/*, */*;q=0.5", range: "bytes=0-0" },
            take: async ({ body }) => discard(body),
          },
          { ...exchange, untimed },
          limited,
        ),
      {
        call: "reading",
        signal,
        timeoutMs: exchange.settings.firstByteTimeout * 1000,
        late: () => tooLate(uri, "http.first_byte_timeout", { retryable: true }),
      },
    );
  } catch (error) {
    if (!isAnswer(error)) throw error;
  }
}
