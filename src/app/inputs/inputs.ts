/** What a program hands over, made into refs with keys: paths, URLs, bytes, with or without ids and metadata. */
import { HeadraceError, type ImageRef, type Key, type Metadata, type Refusal } from "../../contracts/index.js";
import { bytesUri, isUrl, keyOf, urlRef } from "../../kit/index.js";
import type { IngestInput } from "../../operations/index.js";

/** An image: a path, a `file:` or `data:` URL (others need a reader of your own), or its encoded bytes. */
export type ImageInput = string | URL | Uint8Array;

/** One image with its own key and metadata. */
export interface DescribedInput {
  /** An image, or one that `listImages` found. */
  readonly input: ImageInput | ImageRef;
  /** Text, a whole number, or a bigint; one kind in one collection. Default: derived from the canonical URI. */
  readonly id?: string | number | bigint;
  /** Replaces all that is stored for the image, `{}` too. Default: null, which keeps what is stored. */
  readonly metadata?: Metadata | null;
}

export type Inputs =
  | readonly (ImageInput | DescribedInput)[]
  | (Iterable<ImageInput | DescribedInput> & object)
  | AsyncIterable<ImageInput | DescribedInput>;

export interface InputColumns {
  /** Beside an array of inputs, of the same length. */
  readonly ids?: readonly (string | number | bigint)[];
  /** Beside an array of inputs, of the same length; null keeps what is stored. */
  readonly metadata?: readonly (Metadata | null)[];
}

/** Names one file as a listing does. */
export type FileRefs = (path: string) => Promise<ImageRef>;

/** Checks what can be checked before anything is read. Throws `input_invalid`. */
export function checkInputs(inputs: Inputs, { ids, metadata }: InputColumns = {}): void {
  const isMany = typeof inputs === "object" && inputs !== null && (Symbol.iterator in inputs || Symbol.asyncIterator in inputs);
  if (!isMany || inputs instanceof Uint8Array) {
    throw new HeadraceError("input_invalid", `Expected inputs to be an array or an iterable but received ${kindOf(inputs)}.`, {
      hint: "One image goes into an array too: [image].",
    });
  }
  for (const [name, column] of [["ids", ids] as const, ["metadata", metadata] as const]) {
    if (column === undefined) continue;
    if (!Array.isArray(inputs)) {
      throw new HeadraceError("input_invalid", `Expected inputs to be an array beside "${name}" but received an iterable.`, {
        hint: "Give { input, id, metadata } objects instead of separate arrays.",
      });
    }
    if (column.length !== inputs.length) {
      throw new HeadraceError("input_invalid", `Expected ${inputs.length} ${name}, one for each input, but received ${column.length}.`);
    }
  }
}

/** Streams inputs as the pipeline takes them; reads none ahead. */
export async function* ingestInputs(
  inputs: Inputs,
  columns: InputColumns,
  fileRefs: FileRefs,
  stop: AbortSignal,
): AsyncGenerator<IngestInput> {
  let index = 0;
  for await (const given of inputs as AsyncIterable<ImageInput | DescribedInput>) {
    if (stop.aborted) return;
    yield await ingestInput(described(given, columns, index), fileRefs);
    index += 1;
  }
}

/** One input as the pipeline takes it: a bad URL or id is this image's own failure. Throws `usage_invalid` for what no image is. */
export async function ingestInput(given: DescribedInput, fileRefs: FileRefs): Promise<IngestInput> {
  const named = await refOf(given.input, fileRefs);
  const ref = given.metadata === undefined ? named : { ...named, metadata: given.metadata };
  const id = given.id === undefined ? keyOf(ref.uri) : keyFrom(given.id);
  if (id !== null) return { id, ref };
  const message = `${ref.uri}: expected an id that is text or a whole number of at most ${Number.MAX_SAFE_INTEGER}, found ${given.id}.`;
  const refused = { kind: "fail", error: new HeadraceError("id_invalid", message, { item: ref.uri }) } as const;
  return { id: String(given.id), ref: { ...ref, refused } };
}

/** What stands for an input that names no image. */
export function refusedRef(source: string, refused: Refusal): ImageRef {
  return { uri: source, location: source, scheme: "", root: source, version: null, sizeBytes: 0, metadata: null, refused };
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return "text";
  if (value instanceof Uint8Array) return "bytes";
  return value === null ? "null" : typeof value;
}

function described(given: ImageInput | DescribedInput, { ids, metadata }: InputColumns, index: number): DescribedInput {
  const base: DescribedInput = isDescribed(given) ? given : { input: given };
  const id = ids?.[index];
  const values = metadata?.[index];
  return { ...base, ...(id === undefined ? {} : { id }), ...(values === undefined ? {} : { metadata: values }) };
}

function isDescribed(given: ImageInput | DescribedInput): given is DescribedInput {
  return typeof given === "object" && !(given instanceof URL) && !(given instanceof Uint8Array);
}

/** Null for a number that is no id. */
function keyFrom(id: string | number | bigint): Key | null {
  if (typeof id !== "number") return id;
  return Number.isSafeInteger(id) ? BigInt(id) : null;
}

async function refOf(input: DescribedInput["input"], fileRefs: FileRefs): Promise<ImageRef> {
  if (input instanceof Uint8Array) return bytesRef(input);
  if (isRef(input)) return input;
  if (typeof input !== "string" && !(input instanceof URL)) {
    throw new HeadraceError("usage_invalid", `Expected a path, a URL or bytes but received ${input === null ? "null" : typeof input}.`);
  }
  const text = String(input);
  try {
    if (!isUrl(text) || text.startsWith("file:")) return await fileRefs(text);
    return text.startsWith("data:") ? bytesRef(dataBytes(text)) : urlRef(text);
  } catch (error) {
    if (!HeadraceError.is(error) || error.code !== "input_invalid") throw error;
    const { code, message, hint, cause } = error;
    const item = text.slice(0, maxShown);
    return refusedRef(item, { kind: "fail", error: new HeadraceError(code, message, { scope: "item", item, hint, cause }) });
  }
}

/** Letters of a bad URL that a message shows. */
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
  if (match === null) throw new HeadraceError("input_invalid", `Expected a data: URL with a comma but received ${url.slice(0, 40)}…`);
  const [, base64, text = ""] = match;
  if (base64 !== undefined) return Buffer.from(text, "base64");
  try {
    return Buffer.from(decodeURIComponent(text), "latin1");
  } catch (cause) {
    throw new HeadraceError("input_invalid", `Expected percent-encoded bytes in a data: URL but received ${url.slice(0, 40)}…`, { cause });
  }
}
