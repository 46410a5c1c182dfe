/** Makes the input of one line of a list, or of one row of a table. A line that cannot be used fails or is skipped. */
import { HeadraceError, type IngestInput } from "../../contracts/index.js";
import { keyOf } from "../../kit/index.js";
import { type DescribedInput, type FileRefs, ingestInput, refusedRef } from "../inputs.js";

/** What becomes of lines that cannot be used. */
export interface BadLines {
  readonly badLines: "fail" | "skip";
  /** Called for each line that is skipped. */
  readonly onSkippedLine?: (error: HeadraceError) => void;
}

export interface LineOptions extends BadLines {
  readonly fileRefs: FileRefs;
  /**
   * Turns a name in the file into a path or a URL that does not depend on the file. Throws an error of scope "item" for a name that the file
   * must not contain.
   */
  readonly nameOf: (name: string) => string;
  /** The `root` of the images: what contains the line. */
  readonly root: string;
}

/** `where`: the line as `file:number`. An error is given for a line that describes no image. */
export async function lineInput(described: DescribedInput | HeadraceError, where: string, options: LineOptions): Promise<IngestInput> {
  const named = withName(described, options);
  if (HeadraceError.is(named)) return refusedLine(where, named, options);
  const { id, ref } = await ingestInput(named, options.fileRefs);
  if (ref.refused?.kind !== "fail") return { id, ref: { ...ref, root: options.root, line: where } };
  const { code, message, hint } = ref.refused.error;
  return refusedLine(where, new HeadraceError(code, `${where}: ${message}`, { scope: "item", item: where, hint }), options);
}

function withName(described: DescribedInput | HeadraceError, { nameOf }: LineOptions): DescribedInput | HeadraceError {
  if (HeadraceError.is(described) || typeof described.input !== "string") return described;
  try {
    return { ...described, input: nameOf(described.input) };
  } catch (error) {
    if (HeadraceError.is(error)) return error;
    throw error;
  }
}

function refusedLine(where: string, error: HeadraceError, { badLines, onSkippedLine, root }: LineOptions): IngestInput {
  if (badLines === "skip") onSkippedLine?.(error);
  const refused = badLines === "skip" ? ({ kind: "skip", reason: "bad_line" } as const) : ({ kind: "fail", error } as const);
  return { id: keyOf(where), ref: { ...refusedRef(where, refused), root, line: where } };
}
