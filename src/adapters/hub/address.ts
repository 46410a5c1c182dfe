/** Reads addresses of models on a hub: `hf:ORG/NAME`, or `hf:ORG/NAME@REVISION`. */
import { HeadraceError } from "../../contracts/index.js";

export interface HubAddress {
  /** `ORG/NAME`. Models of early days have no organisation. */
  readonly repository: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const prefix = "hf:";
const namePart = "[A-Za-z0-9](?:[\\w.-]{0,94}[\\w])?";
const form = new RegExp(`^(${namePart}(?:/${namePart})?)(?:@([\\w][\\w./-]{0,199}))?$`);

/** Throws `config_invalid`. */
export function parseHubAddress(address: string): HubAddress {
  const [, repository, revision = "main"] = form.exec(address.slice(prefix.length)) ?? [];
  // A name with two dots could leave its folder. One with two hyphens could be that of another model in the cache.
  if (repository === undefined || /\.\.|--/.test(repository) || revision.includes("..")) {
    throw new HeadraceError(
      "config_invalid",
      `embedder.model: expected hf:ORG/NAME or hf:ORG/NAME@REVISION, found ${JSON.stringify(address)}`,
      {
        item: address,
        hint: "The address of a model on the hub ends with its name: huggingface.co/ORG/NAME.",
      },
    );
  }
  return { repository, revision };
}

export function shownAddress({ repository, revision }: HubAddress): string {
  return `${prefix}${repository}${revision === "main" ? "" : `@${revision}`}`;
}
