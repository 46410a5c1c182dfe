/** Reads single properties from an XMP packet. Names have their usual prefixes, as all known programs write them. */
import type { Bytes } from "./bytes.js";

/** Larger packets contain histories of editing. Their beginning is read. */
const maxPacketBytes = 262_144;
const maxItems = 200;
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export class Xmp {
  readonly #text: string;

  constructor(packet: Bytes | undefined) {
    const { data } = packet?.part(0, maxPacketBytes) ?? { data: new Uint8Array() };
    this.#text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  }

  /** The values of a property such as `dc:title`: one, or those of its list. Empty if it is absent. */
  values(name: string): readonly string[] {
    for (let at = this.#text.indexOf(name); at >= 0; at = this.#text.indexOf(name, at + name.length)) {
      const before = this.#text[at - 1] ?? "";
      const end = at + name.length;
      if (before === "<") return this.#elementValues(name, end);
      if (/\s/.test(before)) {
        const [, quote] = /^\s{0,9}=\s{0,9}(["'])/.exec(this.#text.slice(end, end + 20)) ?? [];
        if (quote !== undefined) return [plain(this.#between(this.#text.indexOf(quote, end) + 1, quote))];
      }
    }
    return [];
  }

  value(name: string): string | null {
    return this.values(name)[0] ?? null;
  }

  #elementValues(name: string, from: number): readonly string[] {
    const start = this.#text.indexOf(">", from) + 1;
    if (start === 0 || this.#text[start - 2] === "/") return [];
    const content = this.#between(start, `</${name}>`);
    if (!content.includes("<")) return [plain(content)];
    const items = content.split("</rdf:li>", maxItems).map((item) => item.slice(item.lastIndexOf(">") + 1));
    return content.includes("</rdf:li>") ? items.slice(0, content.split("</rdf:li>").length - 1).map(plain) : [];
  }

  #between(start: number, end: string): string {
    const stop = this.#text.indexOf(end, start);
    return stop < 0 ? "" : this.#text.slice(start, stop);
  }
}

function plain(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
