/** Reads what the file of a picture says about it: when, where and with what it was taken. */
import type { Metadata } from "../../contracts/index.js";
import type { IptcTexts } from "./iptc.js";
import { exifDegrees, momentOf, type Place, placeOf, xmpDegrees } from "./moments.js";
import { type Sources, sourcesOf } from "./sources.js";
import { tidyText } from "./text.js";
import { writtenBy } from "./written-by.js";

/** The numbers of the tags in EXIF. */
const tags = {
  make: 0x010f,
  model: 0x0110,
  gps: 0x8825,
  original: 0x9003,
  digitized: 0x9004,
  offsetOriginal: 0x9011,
  offsetDigitized: 0x9012,
} as const;
const gpsTags = { latitudeRef: 1, latitude: 2, longitudeRef: 3, longitude: 4 } as const;
const iptcSets = { date: 55, time: 60 } as const;
const maxCameraLength = 200;

/**
 * Returns `taken_at`, `latitude`, `longitude` and `camera`, as far as the file has them, and with `all` what photographers write. Values that
 * cannot be true are left out. Never throws. Takes about 0.01 ms, because only headers are read.
 */
export function pictureMetadata(file: Uint8Array, extent: "usual" | "all"): Metadata {
  const sources = sourcesOf(file);
  const [takenAt, place, camera] = [takenAtOf(sources), placeIn(sources), cameraOf(sources)];
  return {
    ...(takenAt === null ? {} : { taken_at: takenAt }),
    ...place,
    ...(camera === null ? {} : { camera }),
    ...(extent === "all" ? writtenBy(sources) : {}),
  };
}

function takenAtOf({ exif, xmp, iptc }: Sources): string | null {
  return (
    momentOf(exif.text(tags.original), exif.text(tags.offsetOriginal)) ??
    momentOf(exif.text(tags.digitized), exif.text(tags.offsetDigitized)) ??
    momentOf(xmp().value("exif:DateTimeOriginal")) ??
    momentOf(xmp().value("photoshop:DateCreated")) ??
    momentOf(xmp().value("xmp:CreateDate")) ??
    momentOf(iptcMoment(iptc()))
  );
}

/** A day such as 20240601 and a time such as 123045+0200. */
function iptcMoment(texts: IptcTexts): string | null {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(texts.get(iptcSets.date)?.[0] ?? "") ?? [];
  const [, hour, minute, second, zone = ""] = /^(\d\d)(\d\d)(\d\d)([+-]\d{4})?/.exec(texts.get(iptcSets.time)?.[0] ?? "") ?? [];
  return year === undefined || hour === undefined ? null : `${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`;
}

function placeIn({ image, xmp }: Sources): Place | null {
  const gps = image.directory(tags.gps);
  const inExif = placeOf(
    exifDegrees(gps.numbers(gpsTags.latitude), gps.text(gpsTags.latitudeRef)),
    exifDegrees(gps.numbers(gpsTags.longitude), gps.text(gpsTags.longitudeRef)),
  );
  return inExif ?? placeOf(xmpDegrees(xmp().value("exif:GPSLatitude")), xmpDegrees(xmp().value("exif:GPSLongitude")));
}

/** Most models begin with the name of their maker, and some do not. */
function cameraOf({ image, xmp }: Sources): string | null {
  const make = tidyText(image.text(tags.make), maxCameraLength) ?? tidyText(xmp().value("tiff:Make"), maxCameraLength);
  const model = tidyText(image.text(tags.model), maxCameraLength) ?? tidyText(xmp().value("tiff:Model"), maxCameraLength);
  if (make === null || model === null) return model ?? make;
  const isNamed = model.toLowerCase().startsWith(make.toLowerCase().split(" ")[0] ?? make);
  return tidyText(isNamed ? model : `${make} ${model}`, maxCameraLength);
}
