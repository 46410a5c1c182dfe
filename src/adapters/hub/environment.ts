/** Where the hub and its cache are. The variables are those of the hub's own tools, so a model is fetched once for all of them. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { HeadraceError } from "../../contracts/index.js";

export interface HubOptions {
  /** Address of the hub or of a mirror, without a slash at its end. */
  readonly endpoint: string;
  /** Null: only public models can be fetched. */
  readonly token: string | null;
  /** Folder of the cache. */
  readonly cache: string;
  /** Whether the hub may be asked. */
  readonly network: "allowed" | "off";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads HF_ENDPOINT, HF_TOKEN, HF_HUB_CACHE, HF_HOME and HF_HUB_OFFLINE. Throws `config_invalid`. */
export async function hubOptions(environment: Environment): Promise<HubOptions> {
  const home = given(environment, "HF_HOME") ?? join(given(environment, "XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "huggingface");
  return {
    endpoint: endpointOf(given(environment, "HF_ENDPOINT") ?? "https://huggingface.co"),
    token: given(environment, "HF_TOKEN") ?? (await savedToken(given(environment, "HF_TOKEN_PATH") ?? join(home, "token"))),
    cache: given(environment, "HF_HUB_CACHE") ?? join(home, "hub"),
    network: /^(1|on|yes|true)$/i.test(environment["HF_HUB_OFFLINE"] ?? "") ? "off" : "allowed",
  };
}

function given(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === "" ? undefined : value;
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new HeadraceError("config_invalid", `HF_ENDPOINT: expected the address of a hub, such as https://huggingface.co, found ${text}`);
  }
  return url.href.replace(/\/+$/, "");
}

/** What `hf auth login` has written. */
async function savedToken(path: string): Promise<string | null> {
  try {
    const token = (await readFile(path, "utf8")).trim();
    return token === "" ? null : token;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
}
