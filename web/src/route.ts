/** Where the page is, kept in the address after `#`, so that links, Back and reload work. */
import { useEffect, useState } from "preact/hooks";

export type Room = "search" | "pipeline" | "collections";

export interface Place {
  /** null: the address leads nowhere. */
  readonly room: Room | null;
  /** The collection of a search, the run of the pipeline, or the collection that is shown. */
  readonly name: string | null;
  readonly params: Readonly<Record<string, string>>;
}

const rooms: readonly Room[] = ["search", "pipeline", "collections"];

/** An address of the server that it does not know becomes one of the page, so that the links of the page work there. */
export function takeUnknownPath(): void {
  if (location.pathname !== "/") history.replaceState(null, "", `/#${location.pathname}`);
}

/** Leaves out parameters that are empty. */
export function hrefOf(room: Room, name: string | null = null, params: Readonly<Record<string, string | number | null>> = {}): string {
  const given = Object.entries(params).filter(([, value]) => value !== null && value !== "");
  const query = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return `#/${room}${name === null ? "" : `/${encodeURIComponent(name)}`}${query === "" ? "" : `?${query}`}`;
}

export function go(href: string): void {
  location.hash = href;
}

/** Changes the address without a new entry in the history. */
export function replacePlace(href: string): void {
  history.replaceState(history.state, "", href);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  useEffect(() => {
    const onChange = (): void => setPlace(placeOf(location.hash));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return place;
}

function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [first, name] = path.split("/");
  return {
    room: first === "" ? "search" : (rooms.find((room) => room === first) ?? null),
    name: name === undefined || name === "" ? null : decoded(name),
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** A link that somebody typed may have a `%` alone. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
