/** `--base` and `--as`: where files that were ingested under another name are now. */
import { resolve } from "node:path";
import type { RefreshMetadataRequest } from "../../app/index.js";
import { HeadraceError } from "../../contracts/index.js";

interface NamingOptions {
  readonly base?: string;
  readonly as?: string;
}

/** Throws `usage_invalid` if only one of the two is given. */
export function namingOf(command: string, { base, as }: NamingOptions): Pick<RefreshMetadataRequest, "naming"> {
  if (base === undefined && as === undefined) return {};
  if (base !== undefined && as !== undefined) return { naming: { base: resolve(base), as } };
  throw new HeadraceError("usage_invalid", `${command}: expected both --base and --as, found one of them`, {
    hint: "Name the folder with --base, and what replaces it with --as.",
  });
}
