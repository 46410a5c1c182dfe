/** What was found in the file of a picture. XMP and IPTC are read when a value needs them. */
import { blocksOf } from "./blocks.js";
import { Bytes } from "./bytes.js";
import { type IptcTexts, iptcTexts } from "./iptc.js";
import { type Directory, firstDirectory } from "./tiff.js";
import { Xmp } from "./xmp.js";

const tags = { xmp: 0x02bc, iptc: 0x83bb, exif: 0x8769 } as const;

export interface Sources {
  readonly image: Directory;
  readonly exif: Directory;
  readonly xmp: () => Xmp;
  readonly iptc: () => IptcTexts;
}

export function sourcesOf(file: Uint8Array): Sources {
  const blocks = blocksOf(file);
  const image = firstDirectory(blocks.exif ?? new Bytes(new Uint8Array()));
  let xmp: Xmp | null = null;
  let iptc: IptcTexts | null = null;
  return {
    image,
    exif: image.directory(tags.exif),
    xmp: () => {
      xmp ??= new Xmp(blocks.xmp ?? image.block(tags.xmp) ?? undefined);
      return xmp;
    },
    iptc: () => {
      iptc ??= iptcTexts(blocks.iptc ?? image.block(tags.iptc) ?? undefined);
      return iptc;
    },
  };
}
