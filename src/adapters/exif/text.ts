/** Texts of metadata. */
import { isUtf8 } from "node:buffer";

/** Decodes UTF-8, else Latin-1, up to the first zero byte. EXIF allows only ASCII, but cameras and programs write both. */
export function decodedText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const { buffer, byteOffset, byteLength } = end < 0 ? bytes : bytes.subarray(0, end);
  const text = Buffer.from(buffer, byteOffset, byteLength);
  return text.toString(isUtf8(text) ? "utf8" : "latin1");
}

/** Returns the text in one line without control characters, at most `maxLength` long. Null if nothing is left. */
export function tidyText(text: string | null | undefined, maxLength: number): string | null {
  if (text === null || text === undefined) return null;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced.
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f\ufffd]+/gu, " ").trim();
  const short = line.length <= maxLength ? line : line.slice(0, maxLength).trimEnd();
  return short.replace(/[\ud800-\udfff]/gu, "") || null;
}
