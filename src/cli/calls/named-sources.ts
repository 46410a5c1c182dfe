/** What flags and arguments say of the sources: which lists, which names, which columns. */
import type { ListingRequest, ListingTally } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";

interface SourceFlags {
  readonly manifest?: string;
  readonly filesFrom?: string;
  readonly base?: string;
  readonly as?: string;
  readonly imageColumn?: string;
  readonly idColumn?: string;
  readonly metadataColumns?: readonly string[];
}

/** Throws `usage_invalid` if there is nothing to read, or if stdin would be read twice. */
export function checkLists(
  command: string,
  paths: readonly string[],
  { manifest, filesFrom }: Pick<SourceFlags, "manifest" | "filesFrom">,
): void {
  if (paths.length === 0 && manifest === undefined && filesFrom === undefined) {
    throw new HeadraceError(
      "usage_invalid",
      `${command}: expected at least one file, folder or glob, --manifest or --files-from, found none`,
      {
        hint: `For example: headrace ${command} ./photos`,
      },
    );
  }
  if ([...paths, manifest, filesFrom].filter((path) => path === "-").length > 1) {
    throw new HeadraceError("usage_invalid", `${command}: expected - at most once, found it more than once`, {
      hint: "Write one of the lists to a file: stdin can be read only once.",
    });
  }
}

/** The options `--base` and `--as`. */
export function namingOf(command: string, { base, as }: Pick<SourceFlags, "base" | "as">): ListingRequest["naming"] {
  if (base !== undefined && as !== undefined) return { base, as };
  if (base === undefined && as === undefined) return undefined;
  throw new HeadraceError(
    "usage_invalid",
    `${command}: expected --base and --as together, found only ${base === undefined ? "--as" : "--base"}`,
    { hint: "For example: --base /mnt/photos --as photos" },
  );
}

export function columnsOf({
  imageColumn,
  idColumn,
  metadataColumns,
}: Pick<SourceFlags, "imageColumn" | "idColumn" | "metadataColumns">): NonNullable<ListingRequest["columns"]> {
  return {
    ...(imageColumn === undefined ? {} : { image: imageColumn }),
    ...(idColumn === undefined ? {} : { id: idColumn }),
    ...(metadataColumns === undefined ? {} : { metadata: metadataColumns }),
  };
}

/** Returns the listing of a source. With a manifest, `as` is the name of a list that comes from a pipe. */
export function sourceOf(
  verb: string,
  paths: readonly string[],
  { manifest, base, as }: Pick<SourceFlags, "manifest" | "base" | "as">,
  tally: ListingTally,
): ListingRequest {
  if (paths.length === 0 && manifest === undefined) {
    throw new HeadraceError("usage_invalid", `${verb}: expected at least one folder or glob, or --manifest, found none`, {
      hint: `For example: headrace ${verb} ./photos`,
    });
  }
  const isListName = as !== undefined && manifest !== undefined;
  if ((base === undefined) !== (as === undefined) && !isListName) {
    throw new HeadraceError(
      "usage_invalid",
      `${verb}: expected --base and --as together, found only ${base === undefined ? "--as" : "--base"}`,
      { hint: "For example: --base /mnt/photos --as photos" },
    );
  }
  return {
    paths,
    onLeftOut: tally.onLeftOut,
    onLeftOutColumn: tally.onLeftOutColumn,
    ...(manifest === undefined ? {} : { manifest }),
    ...(isListName ? { listName: as } : {}),
    ...(base === undefined || as === undefined ? {} : { naming: { base, as } }),
  };
}
