/** Turns the vectors of a request into rows of the library. A source that requests may not name fails only its row. */
import type { Settings, VectorRow } from "../../app/index.js";
import { HeadraceError, type ImageRef, type Metadata } from "../../contracts/index.js";
import { AllowedRoots } from "./allowed-roots.js";
import { allowedPlace } from "./sources.js";

export interface GivenVector {
  readonly source: string;
  /** A list of numbers, or base64 of little-endian float32. */
  readonly vector: readonly number[] | string;
  readonly id?: string | number | undefined;
  readonly metadata?: Metadata | null | undefined;
}

export function vectorRows(
  given: readonly GivenVector[],
  { allowedRoots }: Pick<Settings["server"], "allowedRoots">,
): Promise<readonly VectorRow[]> {
  const roots = new AllowedRoots(allowedRoots);
  return Promise.all(
    given.map(async ({ source, vector, id, metadata }) => ({
      source: await sourceOf(source, roots),
      vector: typeof vector === "string" ? float32Of(vector) : vector,
      ...(id === undefined ? {} : { id }),
      ...(metadata === undefined ? {} : { metadata }),
    })),
  );
}

async function sourceOf(source: string, roots: AllowedRoots): Promise<string | ImageRef> {
  try {
    return (await allowedPlace(source, roots)) ?? refusedRef(source, forbidden(source));
  } catch (thrown) {
    const error = HeadraceError.from(thrown);
    if (error.code !== "input_invalid") throw error;
    return refusedRef(source, new HeadraceError(error.code, error.message, { scope: "item", item: source, cause: error }));
  }
}

function forbidden(source: string): HeadraceError {
  const message = `${source}: expected a web URL or a source below an entry of server.allowed_roots, found another`;
  return new HeadraceError("source_forbidden", message, {
    item: source,
    hint: "Name where the image is. An entry of server.allowed_roots must contain it.",
  });
}

function refusedRef(source: string, error: HeadraceError): ImageRef {
  const refused = { kind: "fail", error } as const;
  return { uri: source, location: source, scheme: "", root: source, version: null, sizeBytes: 0, metadata: null, refused };
}

/** Bytes that are no whole numbers make a vector of another length, which is refused later. */
function float32Of(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  const numbers = Math.ceil(bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);
  const whole = new Uint8Array(numbers * Float32Array.BYTES_PER_ELEMENT);
  whole.set(bytes);
  const view = new DataView(whole.buffer);
  return Float32Array.from({ length: numbers }, (_, index) => view.getFloat32(index * Float32Array.BYTES_PER_ELEMENT, true));
}
