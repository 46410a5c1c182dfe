/** Looks whether objects exist, before the rows of their images are deleted. */
import { parseAddress } from "./address.js";
import { openS3 } from "./client.js";
import { isMissing } from "./errors.js";
import type { S3Settings } from "./options.js";

/** "unclear": the server gave another answer than the object or 404. */
export type ObjectLook = "exists" | "gone" | "unclear";

export interface ObjectLooks {
  /** Rejects only after the signal has fired. */
  look(uri: string, signal: AbortSignal): Promise<ObjectLook>;
  close(): void;
}

/** Opens a client of its own. The caller closes it. */
export async function openObjectLooks(settings: S3Settings): Promise<ObjectLooks> {
  const { sdk, client } = await openS3(settings);
  return {
    async look(uri, signal) {
      const { bucket, key } = parseAddress(uri);
      try {
        await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
        return "exists";
      } catch (cause) {
        if (signal.aborted) throw cause;
        return isMissing(cause) ? "gone" : "unclear";
      }
    },
    close: () => client.destroy(),
  };
}
