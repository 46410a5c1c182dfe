/**
 * What the names in a list or table from a bucket or a web server mean. Its author is a stranger: it may name images beside it and elsewhere on
 * the network, and nothing on this machine.
 */
import { HeadraceError, type ImageRef } from "../../contracts/index.js";
import { isRemoteMemberUri, isUrl } from "../../kit/index.js";

/** `list`: the list or table. Returns a function that makes an address of a name. It throws `source_refused`. */
export function remoteNames(list: ImageRef): (name: string) => string {
  const besides = list.scheme === "s3" ? objectBeside : urlBeside;
  return (name) => {
    if (isElsewhere(name)) return name;
    if (isUrl(name) || /^[/\\]|^[a-z]:|\\|\0/i.test(name)) throw refused(name);
    return besides(name, list.location);
  };
}

function isElsewhere(name: string): boolean {
  return /^(https?|s3):\/\/|^data:/i.test(name) || isRemoteMemberUri(name);
}

/** As a browser does it. */
function urlBeside(name: string, list: string): string {
  const url = URL.canParse(name, list) ? new URL(name, list) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.host !== new URL(list).host) throw refused(name);
  return url.href;
}

/** Characters of a key are taken as they are. `..` does not lead out of the bucket. */
function objectBeside(name: string, list: string): string {
  const [bucket = "", ...folders] = list.slice("s3://".length).split("/").slice(0, -1);
  for (const part of name.split("/")) {
    if (part === ".." && folders.pop() === undefined) throw refused(name);
    if (part !== "." && part !== "..") folders.push(part);
  }
  return `s3://${[bucket, ...folders].join("/")}`;
}

function refused(name: string): HeadraceError {
  const shown = JSON.stringify(name.slice(0, 200));
  return new HeadraceError("source_refused", `expected a URL, an address in a bucket, or a name beside the list, found ${shown}`);
}
