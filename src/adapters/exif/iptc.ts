/** Reads data sets of IPTC, such as titles and keywords. */
import type { Bytes } from "./bytes.js";
import { decodedText } from "./text.js";

const application = 2;
const maxDataSets = 1_000;
const tagMarker = 0x1c;
/** Larger data sets have another form. None of those that are read is so large. */
const maxBytes = 0x7fff;

/** The texts of each data set of the record of an application, by its number. */
export type IptcTexts = ReadonlyMap<number, readonly string[]>;

export function iptcTexts(block: Bytes | undefined): IptcTexts {
  const texts = new Map<number, string[]>();
  if (block === undefined) return texts;
  for (let at = 0, sets = 0; block.uint8(at) === tagMarker && sets < maxDataSets; sets += 1) {
    const size = block.uint16(at + 3);
    if (size > maxBytes) break;
    const text = block.uint8(at + 1) === application ? decodedText(block.part(at + 5, size).data) : null;
    const number = block.uint8(at + 2);
    if (text !== null) texts.set(number, [...(texts.get(number) ?? []), text]);
    at += 5 + size;
  }
  return texts;
}
