/** Turns the members of an archive into inputs. An image, and the texts with the same name beside it, become one input. */
import { extname } from "node:path";
import {
  type Archive,
  type ArchiveMember,
  HeadraceError,
  type IngestInput,
  type MemberPlace,
  type Metadata,
  type MetadataValue,
} from "../../contracts/index.js";
import { HashTable, hashOfText, imageExtensions, maxMemberTextBytes, metadataNameLike } from "../../kit/index.js";
import type { ColumnChoice } from "../columns.js";
import type { DescribedInput } from "../inputs.js";
import { type LineOptions, lineInput } from "./line-inputs.js";

export interface ArchiveOptions extends LineOptions {
  readonly columns: ColumnChoice;
  /** Called for each file that is neither an image nor a text of one. Gets the extension, such as ".heic", or "(none)". */
  readonly onLeftOut?: (extension: string) => void;
  /** Makes the failed input of the archive itself, for a rest that cannot be read. */
  readonly cut: (error: HeadraceError) => IngestInput;
}

/** `a.jpg` and `a.json` belong together. The keys of the JSON object become metadata, and so do the other texts, by their extension. */
const textExtensions = ["json", "txt", "cls"] as const;

/**
 * Streams the images of an archive. Reads the names in the archive twice: first to find the texts, wherever they are, then the images.
 * Remembers about 40 bytes for each text.
 */
export async function* archiveInputs(archive: Archive, options: ArchiveOptions, stop: AbortSignal): AsyncGenerator<IngestInput> {
  const texts = new HashTable({ values: archive.placeNumbers });
  for await (const { name, place, problem, ref } of archive.members(stop, isText)) {
    const fits = ref.sizeBytes !== null && ref.sizeBytes <= maxMemberTextBytes;
    if (isText(name) && problem === undefined && fits) texts.first(hashOfText(name), place);
  }
  for await (const member of archive.members(stop, () => false)) {
    if (stop.aborted) return;
    const { name, ref, problem, isRestUnknown } = member;
    if (isRestUnknown && problem !== undefined) {
      yield options.cut(problem);
      return;
    }
    if (isHidden(name)) continue;
    if (problem === undefined && !isImage(name)) {
      if (!isText(name)) options.onLeftOut?.(extname(name) === "" ? "(none)" : extname(name).toLowerCase());
      continue;
    }
    if (problem !== undefined && !isImage(name)) continue;
    const described = problem === undefined ? await describeWhole(member, archive, texts, options.columns) : refusal(member, problem);
    const { id, ref: listed } = await lineInput(described, ref.uri, options);
    // The member itself is the line: it needs no other name in messages.
    const { line: _, ...rest } = listed;
    yield { id, ref: rest };
  }
}

function refusal({ ref }: ArchiveMember, problem: HeadraceError): HeadraceError {
  return new HeadraceError(problem.code, problem.message, {
    scope: "item",
    item: ref.uri,
    hint: problem.hint,
    retryable: false,
    cause: problem,
  });
}

/** An image whose text cannot be read is refused, because its metadata is unknown. */
async function describeWhole(member: ArchiveMember, ...known: [Archive, HashTable, ColumnChoice]): Promise<DescribedInput | HeadraceError> {
  try {
    return await describe(member, ...known);
  } catch (error) {
    if (HeadraceError.is(error) && error.scope === "item") return refusal(member, error);
    throw error;
  }
}

async function describe(
  { name, ref }: ArchiveMember,
  archive: Archive,
  texts: HashTable,
  columns: ColumnChoice,
): Promise<DescribedInput | HeadraceError> {
  const found = new Map<string, unknown>();
  for (const extension of textExtensions) {
    const place = placeOf(texts, name, extension);
    if (place === null) continue;
    const text = await archive.text(place);
    if (extension !== "json") found.set(extension, text.trim());
    else {
      const values = parseObject(text);
      if (values === null) return badText(ref.uri, "expected a JSON object beside the image, found other text");
      for (const [key, value] of Object.entries(values)) found.set(key, value);
    }
  }
  const id = columns.id === undefined ? undefined : found.get(columns.id);
  if (columns.id !== undefined && typeof id !== "string" && typeof id !== "number") {
    return badText(
      ref.uri,
      `expected an id as "${columns.id}" in the JSON beside the image, found ${id === undefined ? "none" : typeof id}`,
    );
  }
  const isChosen = (key: string) => key !== columns.id && (columns.metadata?.includes(key) ?? true);
  const metadata = found.size === 0 ? null : metadataOf([...found].filter(([key]) => isChosen(key)));
  return { input: ref, metadata, ...(id === undefined ? {} : { id: id as string | number }) };
}

/** The text of `a.b.jpg` is `a.b.json`, or else `a.json`: WebDataset takes the name up to the first dot. */
function placeOf(texts: HashTable, image: string, extension: string): MemberPlace | null {
  const folder = image.slice(0, image.lastIndexOf("/") + 1);
  const base = image.slice(folder.length);
  const [short = ""] = base.split(".");
  const long = base.slice(0, base.lastIndexOf("."));
  return texts.get(hashOfText(`${folder}${long}.${extension}`)) ?? texts.get(hashOfText(`${folder}${short}.${extension}`));
}

function metadataOf(entries: readonly (readonly [string, unknown])[]): Metadata {
  return Object.fromEntries(entries.map(([key, value]) => [metadataNameLike(key) ?? key, metadataValue(value)]));
}

function metadataValue(value: unknown): MetadataValue | null {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return JSON.stringify(value);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function badText(item: string, problem: string): HeadraceError {
  return new HeadraceError("input_invalid", `${item}: ${problem}`, { scope: "item", item, hint: "Correct the text in the archive." });
}

function isImage(name: string): boolean {
  return imageExtensions.includes(extname(name).slice(1).toLowerCase());
}

function isText(name: string): boolean {
  return textExtensions.some((extension) => name.toLowerCase().endsWith(`.${extension}`)) && !isHidden(name);
}

/** Hidden files, among them those that macOS adds to archives. `..` is no hidden folder. */
function isHidden(name: string): boolean {
  return name.split("/").some((part) => (part.startsWith(".") && part !== "..") || part === "__MACOSX");
}
