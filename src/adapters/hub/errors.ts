/** The errors of models on a hub. */
import { HeadraceError } from "../../contracts/index.js";
import { type HubAddress, shownAddress } from "./address.js";

export function unavailable(
  address: HubAddress,
  what: string,
  options: { readonly hint?: string; readonly cause?: unknown } = {},
): HeadraceError {
  const item = shownAddress(address);
  return new HeadraceError("model_unavailable", `model ${item}: ${what}`, { item, ...options });
}

/** Translates the error of a request to the hub. */
export function fromRequest(address: HubAddress, endpoint: string, cause: unknown): HeadraceError {
  const error = HeadraceError.from(cause);
  if (["aborted", "disk_full", "state_unwritable", "part_missing"].includes(error.code)) return error;
  const hint = hints(address, endpoint)[error.code];
  return unavailable(address, error.message, { cause, ...(hint === undefined ? {} : { hint }) });
}

function hints({ repository }: HubAddress, endpoint: string): Readonly<Record<string, string>> {
  return {
    source_forbidden: `Check the name. A private model needs a token in HF_TOKEN. A gated one also needs your consent at ${endpoint}/${repository}.`,
    source_not_found: `Check the name and the revision at ${endpoint}/${repository}, and HF_ENDPOINT if you use a mirror.`,
  };
}
