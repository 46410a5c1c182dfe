/** What photographers and their programs write: the lens, the exposure, titles and keywords. */
import type { Metadata, MetadataValue } from "../../contracts/index.js";
import type { Sources } from "./sources.js";
import { tidyText } from "./text.js";

const tags = {
  description: 0x010e,
  rating: 0x4746,
  exposureTime: 0x829a,
  fNumber: 0x829d,
  iso: 0x8827,
  focalLength: 0x920a,
  lens: 0xa434,
} as const;
const iptcSets = { title: 5, keywords: 25, description: 120 } as const;
const maxLength = { line: 300, text: 2_000 };

/** Exposures in seconds and focal lengths in millimetres. Keywords are joined by commas. A rating is a number from 0 to 5, or −1. */
export function writtenBy(sources: Sources): Metadata {
  const { image, exif, xmp, iptc } = sources;
  const line = (text: string | null | undefined) => tidyText(text, maxLength.line);
  const values: Record<string, MetadataValue | null> = {
    lens: line(exif.text(tags.lens)) ?? line(xmp().value("exifEX:LensModel")) ?? line(xmp().value("aux:Lens")),
    exposure_time: between(exif.number(tags.exposureTime), 1e-7, 1e6),
    f_number: between(exif.number(tags.fNumber), 0.1, 1e3),
    iso: between(exif.number(tags.iso), 1, 1e8),
    focal_length: between(exif.number(tags.focalLength), 0.1, 1e5),
    title: line(xmp().value("dc:title")) ?? line(iptc().get(iptcSets.title)?.[0]),
    description:
      tidyText(image.text(tags.description), maxLength.text) ??
      tidyText(xmp().value("dc:description"), maxLength.text) ??
      tidyText(iptc().get(iptcSets.description)?.[0], maxLength.text),
    keywords: keywordsOf(sources),
    rating: ratingOf(xmp().value("xmp:Rating")) ?? between(image.number(tags.rating), 0, 5),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function keywordsOf({ xmp, iptc }: Sources): string | null {
  const words = [...(iptc().get(iptcSets.keywords) ?? []), ...xmp().values("dc:subject")];
  const tidy = words.map((word) => tidyText(word, maxLength.line)).filter((word) => word !== null);
  return tidyText([...new Set(tidy)].join(", "), maxLength.text);
}

function ratingOf(text: string | null): number | null {
  return text === null || text.trim() === "" ? null : between(Number(text), -1, 5);
}

/** Returns null for numbers that are no numbers, or that cannot be true. */
function between(value: number | null, least: number, most: number): number | null {
  return value !== null && value >= least && value <= most ? value : null;
}
