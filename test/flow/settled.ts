/** Files whose version a run trusts. */
import { stat } from "node:fs/promises";

/** Waits until the file has not changed for more than two seconds. A run would read a younger file again. */
export async function untilSettled(path: string): Promise<void> {
  const { ctimeMs } = await stat(path);
  const leftMs = ctimeMs + 2_100 - Date.now();
  if (leftMs > 0) await new Promise((fulfil) => setTimeout(fulfil, leftMs));
}
