/** The headers and the JSON of uploads in parts, as the tus protocol 1.0.0 names them. */
import * as z from "zod";

export const tusVersion = "1.0.0";
/** The media type of a part. */
export const partType = "application/offset+octet-stream";

const uploadId = z
  .string()
  .regex(/^[0-9a-f-]{36}$/)
  .describe("The id of the upload.")
  .meta({ examples: ["4f2c1f7e-3f0a-4f0e-9d7a-0a2f6c1b8e55"] });
export const uploadParams = z.strictObject({ id: uploadId });

/** Numbers with more digits are no sizes of files, and would lose digits. */
const byteCount = z.string().regex(/^\d{1,15}$/);
const version = z.literal(tusVersion).describe("The version of the tus protocol.");

export const versionHeaders = z.object({ "tus-resumable": version });
export const creationHeaders = z.object({
  ...versionHeaders.shape,
  "upload-length": byteCount.describe("The size of the file in bytes. At most `server.max_job_mb`.").meta({ examples: ["100"] }),
  "upload-metadata": z
    .string()
    .max(4096)
    .regex(/^[!-+\--~]+( [A-Za-z0-9+/=]*)?(, ?[!-+\--~]+( [A-Za-z0-9+/=]*)?)*$/)
    .optional()
    .describe("Pairs of a name and a value in base64, with commas between. `filename` becomes metadata of the image."),
});
export const partHeaders = z.object({
  ...versionHeaders.shape,
  "upload-offset": byteCount.describe("How many bytes the server has already.").meta({ examples: ["0"] }),
});

export const upload = z
  .strictObject({
    id: z.string(),
    length: z.int().min(0).describe("The size of the file in bytes."),
    offset: z.int().min(0).describe("How many of its bytes are on the disk of the server."),
    filename: z.string().nullable(),
    created_at: z.string().describe("ISO 8601, UTC."),
    expires_at: z.string().describe("When the server deletes it, if nobody continues or uses it. ISO 8601, UTC."),
  })
  .meta({ id: "Upload" });
export const uploads = z.strictObject({ uploads: z.array(upload).describe("The oldest first.") });

const decoder = new TextDecoder("utf-8", { fatal: true });
/** Characters that break lines or hide others. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const maxNameChars = 255;

/** Returns the name of the file in the header `Upload-Metadata`, without its folders; null if there is none that can be shown. */
export function filenameIn(metadata: string): string | null {
  const [, value] =
    metadata
      .split(",")
      .map((pair) => pair.trim().split(" "))
      .find(([name]) => name === "filename") ?? [];
  if (value === undefined) return null;
  try {
    const name = decoder.decode(Uint8Array.from(atob(value), (char) => char.charCodeAt(0))).replace(unprintable, "");
    return name.split(/[/\\]/).at(-1)?.slice(0, maxNameChars).trim() || null;
  } catch {
    return null;
  }
}
