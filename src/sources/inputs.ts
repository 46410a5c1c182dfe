/**
 * Turns the inputs of a call into image refs with keys. A ref names an image that is not read yet. Inputs are paths, URLs or bytes, with or
 * without ids and metadata.
 */
import { HeadraceError, type ImageRef, type IngestInput, type Key, type Metadata, type Refusal } from "../contracts/index.js";
import { bytesUri, isMemberUri, isUrl, keyOf, memberRefOf, urlRef } from "../kit/index.js";

/** An image: a path, a web, `file:` or `data:` URL, or the bytes of an image file. For other URLs, pass your own reader. */
export type ImageInput = string | URL | Uint8Array;

/** One image, optionally with its own id and metadata. */
export interface DescribedInput {
  /** An image, or a ref from `listImages`. */
  readonly input: ImageInput | ImageRef;
  /**
   * The id: text, a whole number or a bigint. All ids of a collection are text, or all are numbers. Default: derived from the canonical
   * URI.
   */
  readonly id?: string | number | bigint;
  /** Replaces all stored metadata of the image, even if the new metadata is `{}`. Default: null, which keeps the stored metadata. */
  readonly metadata?: Metadata | null;
}

/** Images to ingest or embed: an array, or an iterable that is read as a stream. */
export type Inputs =
  | readonly (ImageInput | DescribedInput)[]
  | (Iterable<ImageInput | DescribedInput> & object)
  | AsyncIterable<ImageInput | DescribedInput>;

/** Ids and metadata in separate arrays, in the order of the inputs. */
export interface InputColumns {
  /** One id per input. `inputs` must be an array of the same length. */
  readonly ids?: readonly (string | number | bigint)[];
  /** One metadata object per input. `inputs` must be an array of the same length. Null keeps the stored metadata of that image. */
  readonly metadata?: readonly (Metadata | null)[];
}

/** Makes the ref of one file, with the same fields as in a listing. */
export type FileRefs = (path: string) => Promise<ImageRef>;

/** Checks inputs and columns without reading the images. Throws `input_invalid`. */
export function checkInputs(inputs: Inputs, { ids, metadata }: InputColumns = {}): void {
  const isMany = typeof inputs === "object" && inputs !== null && (Symbol.iterator in inputs || Symbol.asyncIterator in inputs);
  if (!isMany || inputs instanceof Uint8Array) {
    throw new HeadraceError("input_invalid", `inputs: expected an array or an iterable, found ${kindOf(inputs)}`, {
      hint: "Put a single image into an array: [image].",
    });
  }
  for (const [name, column] of [["ids", ids] as const, ["metadata", metadata] as const]) {
    if (column === undefined) continue;
    if (!Array.isArray(inputs)) {
      throw new HeadraceError("input_invalid", `inputs: expected an array beside "${name}", found another iterable`, {
        hint: "Pass { input, id, metadata } objects instead of separate arrays.",
      });
    }
    if (column.length !== inputs.length) {
      throw new HeadraceError("input_invalid", `${name}: expected ${inputs.length}, one per input, found ${column.length}`);
    }
  }
}

/** Converts inputs one by one, when the pipeline pulls them. */
export async function* ingestInputs(
  inputs: Inputs,
  columns: InputColumns,
  fileRefs: FileRefs,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  let index = 0;
  for await (const given of inputs as AsyncIterable<ImageInput | DescribedInput>) {
    if (stop.aborted) return;
    yield await ingestInput(toDescribed(given, columns, index), fileRefs);
    index += 1;
  }
}

/** Converts one input. An invalid URL or id fails only this image. Throws `usage_invalid` for a value that cannot be an image. */
export async function ingestInput(given: DescribedInput, fileRefs: FileRefs): Promise<IngestInput> {
  const named = await refOf(given.input, fileRefs);
  const ref = given.metadata === undefined ? named : { ...named, metadata: given.metadata };
  const id = given.id === undefined ? keyOf(ref.uri) : keyFrom(given.id);
  if (id !== null) return { id, ref };
  const message = `${ref.uri}: expected an id that is text or a whole number of at most ${Number.MAX_SAFE_INTEGER}, found ${given.id}`;
  const refused = { kind: "fail", error: new HeadraceError("id_invalid", message, { item: ref.uri }) } as const;
  return { id: String(given.id), ref: { ...ref, refused } };
}

/** Returns the ref of an input that does not name a valid image. */
export function refusedRef(source: string, refused: Refusal): ImageRef {
  return { uri: source, location: source, scheme: "", root: source, version: null, sizeBytes: 0, metadata: null, refused };
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return "text";
  if (value instanceof Uint8Array) return "bytes";
  return value === null ? "null" : typeof value;
}

function toDescribed(given: ImageInput | DescribedInput, { ids, metadata }: InputColumns, index: number): DescribedInput {
  const base: DescribedInput = isDescribed(given) ? given : { input: given };
  const id = ids?.[index];
  const values = metadata?.[index];
  return { ...base, ...(id === undefined ? {} : { id }), ...(values === undefined ? {} : { metadata: values }) };
}

function isDescribed(given: ImageInput | DescribedInput): given is DescribedInput {
  return typeof given === "object" && !(given instanceof URL) && !(given instanceof Uint8Array);
}

/** Converts an id to a key. Returns null for a number that cannot be an id. */
function keyFrom(id: string | number | bigint): Key | null {
  if (typeof id !== "number") return id;
  return Number.isSafeInteger(id) ? BigInt(id) : null;
}

async function refOf(input: DescribedInput["input"], fileRefs: FileRefs): Promise<ImageRef> {
  if (input instanceof Uint8Array) return sentRef(input);
  if (isRef(input)) return input;
  if (typeof input !== "string" && !(input instanceof URL)) {
    throw new HeadraceError("usage_invalid", `input: expected a path, a URL or bytes, found ${input === null ? "null" : typeof input}`);
  }
  const text = String(input);
  if (text.startsWith("data:")) return sentRef(text);
  try {
    if (!isUrl(text) || text.startsWith("file:")) return await fileRefs(text);
    return isMemberUri(text) ? memberRefOf(text) : urlRef(text);
  } catch (error) {
    return invalidRef(text, error);
  }
}

/** Returns the ref of an image that is given as bytes or as a `data:` URL. Its URI has the SHA-256 of the bytes. An invalid URL is a refused image. */
export function sentRef(input: Uint8Array | string): ImageRef {
  if (typeof input !== "string") return bytesRef(input);
  try {
    return bytesRef(dataBytes(input));
  } catch (error) {
    return invalidRef(input, error);
  }
}

function invalidRef(text: string, error: unknown): ImageRef {
  if (!HeadraceError.is(error) || error.code !== "input_invalid") throw error;
  const { code, message, hint, cause } = error;
  const item = text.slice(0, maxShown);
  return refusedRef(item, { kind: "fail", error: new HeadraceError(code, message, { scope: "item", item, hint, cause }) });
}

/** Maximum number of characters of an invalid URL that a message shows. */
const maxShown = 200;

function isRef(input: DescribedInput["input"]): input is ImageRef {
  return typeof input === "object" && input !== null && "uri" in input && "location" in input;
}

function bytesRef(data: Uint8Array): ImageRef {
  const uri = bytesUri(data);
  return { uri, location: uri, scheme: "data", root: "bytes:", version: uri, sizeBytes: data.byteLength, metadata: null, data };
}

function dataBytes(url: string): Uint8Array {
  const match = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url);
  if (match === null) throw new HeadraceError("input_invalid", `data URL: expected a comma after its type, found ${url.slice(0, 40)}…`);
  const [, base64, text = ""] = match;
  if (base64 !== undefined) return Buffer.from(text, "base64");
  try {
    return Buffer.from(decodeURIComponent(text), "latin1");
  } catch (cause) {
    throw new HeadraceError("input_invalid", `data URL: expected percent-encoded bytes, found ${url.slice(0, 40)}…`, { cause });
  }
}
