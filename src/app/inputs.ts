/** What a program hands over, made into refs with keys: paths, URLs, bytes, with or without ids and metadata. */
import { HeadraceError, type ImageRef, type Key, type Metadata } from "../contracts/index.js";
import { bytesUri, keyOf, urlUri } from "../kit/index.js";
import type { IngestInput } from "../operations/index.js";

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

/** One input as the pipeline takes it. Throws `input_invalid` or `id_invalid` for what is none. */
export async function ingestInput(given: DescribedInput, fileRefs: FileRefs): Promise<IngestInput> {
  const ref = await refOf(given.input, fileRefs);
  return {
    id: given.id === undefined ? keyOf(ref.uri) : keyFrom(given.id, ref.uri),
    ref: given.metadata === undefined ? ref : { ...ref, metadata: given.metadata },
  };
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

function keyFrom(id: string | number | bigint, item: string): Key {
  if (typeof id !== "number") return id;
  if (Number.isSafeInteger(id)) return BigInt(id);
  throw new HeadraceError("id_invalid", `Expected an id that is text or a whole number but received ${id}.`, { item, scope: "run" });
}

async function refOf(input: DescribedInput["input"], fileRefs: FileRefs): Promise<ImageRef> {
  if (input instanceof Uint8Array) return bytesRef(input);
  if (isRef(input)) return input;
  if (typeof input === "string" && !isUrl(input)) return fileRefs(input);
  if (typeof input !== "string" && !(input instanceof URL)) {
    throw new HeadraceError("input_invalid", `Expected a path, a URL or bytes but received ${input === null ? "null" : typeof input}.`);
  }
  const url = String(input);
  if (url.startsWith("file:")) return fileRefs(url);
  if (url.startsWith("data:")) return bytesRef(dataBytes(url));
  const uri = urlUri(url);
  return {
    uri,
    location: url,
    scheme: url.slice(0, url.indexOf(":")).toLowerCase(),
    root: uri,
    version: null,
    sizeBytes: null,
    metadata: null,
  };
}

function isRef(input: DescribedInput["input"]): input is ImageRef {
  return typeof input === "object" && input !== null && "uri" in input && "location" in input;
}

/** Two letters at least, so that `C:\photos` stays a path. */
function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(text);
}

function bytesRef(data: Uint8Array): ImageRef {
  const uri = bytesUri(data);
  return { uri, location: uri, scheme: "data", root: "bytes:", version: uri, sizeBytes: data.byteLength, metadata: null, data };
}

function dataBytes(url: string): Uint8Array {
  const match = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url);
  if (match === null) throw new HeadraceError("input_invalid", `Expected a data: URL with a comma but received ${url.slice(0, 40)}…`);
  const [, base64, text = ""] = match;
  return base64 === undefined ? Buffer.from(decodeURIComponent(text), "latin1") : Buffer.from(text, "base64");
}
