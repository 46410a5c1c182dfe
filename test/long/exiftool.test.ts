/** exiftool writes metadata into pictures of each format, and Headrace reads the same. Needs exiftool: `apt install libimage-exiftool-perl`. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { exifDescriber } from "../../src/adapters/exif/index.js";
import type { Metadata } from "../../src/index.js";

const formats = ["jpg", "png", "webp", "tif", "avif", "heic", "jxl"] as const;
type Format = (typeof formats)[number];

/** Which kinds of blocks exiftool writes into a format, where Headrace reads them. */
const withIptc: ReadonlySet<Format> = new Set(["jpg", "tif"]);

interface Case {
  readonly format: Format;
  readonly args: readonly string[];
  readonly expected: Metadata;
}

test("what exiftool writes is read the same, in all formats", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "headrace-exiftool-"));
  try {
    const bases = await basesOf();
    const cases = casesOf(1_400);
    const lines: string[] = [];
    for (const [index, { format, args }] of cases.entries()) {
      const path = join(folder, `${index}.${format}`);
      await writeFile(path, bases[format]);
      lines.push("-q", "-m", "-overwrite_original", ...args, path, "-execute");
    }
    await writeFile(join(folder, "arguments"), `${lines.join("\n")}\n`);
    execFileSync("exiftool", ["-@", join(folder, "arguments")], { stdio: "pipe" });
    const describer = exifDescriber("all");
    const [found, wanted]: [unknown[], unknown[]] = [[], []];
    for (const [index, { format, args, expected }] of cases.entries()) {
      const file = await readFile(join(folder, `${index}.${format}`));
      found.push([format, args, sorted(describer.describe(file))]);
      wanted.push([format, args, sorted(expected)]);
    }
    assert.deepEqual(found, wanted);
    context.diagnostic(`${cases.length} files`);
  } finally {
    await rm(folder, { recursive: true });
  }
});

async function basesOf(): Promise<Readonly<Record<Format, Buffer>>> {
  const image = sharp({ create: { width: 32, height: 24, channels: 3, background: "teal" } });
  const [jpg, png, webp, tif, avif] = await Promise.all([
    image.clone().jpeg().toBuffer(),
    image.clone().png().toBuffer(),
    image.clone().webp().toBuffer(),
    image.clone().tiff().toBuffer(),
    image.clone().avif().toBuffer(),
  ]);
  const [heic, jxl] = await Promise.all(["plain.heic", "plain.jxl"].map((name) => readFile(resolve("test", "fuzz", "bases", name))));
  return { jpg, png, webp, tif, avif, heic: heic!, jxl: jxl! };
}

function casesOf(count: number): readonly Case[] {
  const cameras = [
    ["Canon", "Canon EOS R5", "Canon EOS R5"],
    ["NIKON CORPORATION", "NIKON D850", "NIKON D850"],
    ["Apple", "iPhone 15 Pro", "Apple iPhone 15 Pro"],
    ["Fabrik für Kameras", "Größe 3 & <4>", "Fabrik für Kameras Größe 3 & <4>"],
    ["OLYMPUS", "", "OLYMPUS"],
    ["", "相机 7", "相机 7"],
  ] as const;
  return Array.from({ length: count }, (_, index): Case => {
    const format = formats[index % formats.length]!;
    const round = Math.floor(index / formats.length);
    const blocks = ["EXIF", "XMP", ...(withIptc.has(format) ? ["IPTC"] : [])];
    const block = blocks[round % blocks.length]!;
    const order = round % 2 === 0 ? "II" : "MM";
    const [make, model, camera] = cameras[round % cameras.length]!;
    const degrees = [round * 7.123_457 - 90, round * 13.765_432 - 180].map((value, at) => wrapped(value, at === 0 ? 90 : 180)) as [
      number,
      number,
    ];
    const facts = { make, model, camera, degrees, ...momentOf(round) };
    const { args, expected } = { EXIF: inExif, XMP: inXmp, IPTC: inIptc }[block]!(facts, round);
    return { format, args: [`-ExifByteOrder=${order}`, ...args], expected };
  });
}

interface Facts {
  readonly make: string;
  readonly model: string;
  readonly camera: string;
  readonly degrees: readonly [latitude: number, longitude: number];
  readonly day: string;
  readonly time: string;
  readonly zone: string;
}

function momentOf(round: number): Pick<Facts, "day" | "time" | "zone"> {
  const two = (value: number) => String(value).padStart(2, "0");
  const zone = ["+02:00", "-03:30", "+00:00", "", "+14:00"][round % 5]!;
  return {
    day: `${1990 + (round % 40)}:${two(1 + (round % 12))}:${two(1 + (round % 28))}`,
    time: `${two(round % 24)}:${two(round % 60)}:07`,
    zone,
  };
}

function inExif({ make, model, camera, degrees: [latitude, longitude], day, time, zone }: Facts, round: number) {
  const values = {
    exposure_time: 1 / 2 ** (round % 12),
    f_number: 1 + (round % 30) / 2,
    iso: 50 * (1 + (round % 60)),
    focal_length: 8 + round,
  };
  return {
    args: [
      `-EXIF:DateTimeOriginal=${day} ${time}`,
      ...(zone === "" ? [] : [`-EXIF:OffsetTimeOriginal=${zone}`]),
      `-EXIF:GPSLatitude=${Math.abs(latitude)}`,
      `-EXIF:GPSLatitudeRef=${latitude < 0 ? "S" : "N"}`,
      `-EXIF:GPSLongitude=${Math.abs(longitude)}`,
      `-EXIF:GPSLongitudeRef=${longitude < 0 ? "W" : "E"}`,
      ...(make === "" ? [] : [`-EXIF:Make=${make}`]),
      ...(model === "" ? [] : [`-EXIF:Model=${model}`]),
      `-EXIF:ExposureTime=${values.exposure_time}`,
      `-EXIF:FNumber=${values.f_number}`,
      `-EXIF:ISO=${values.iso}`,
      `-EXIF:FocalLength=${values.focal_length}`,
      `-EXIF:LensModel=Lens ${round}`,
      "-EXIF:ImageDescription=Eine Brücke",
    ],
    expected: { ...usual({ camera, latitude, longitude, day, time, zone }), ...values, lens: `Lens ${round}`, description: "Eine Brücke" },
  };
}

function inXmp({ make, model, camera, degrees: [latitude, longitude], day, time, zone }: Facts, round: number) {
  const property = ["XMP-exif:DateTimeOriginal", "XMP-photoshop:DateCreated", "XMP-xmp:CreateDate"][round % 3]!;
  return {
    args: [
      `-${property}=${day} ${time}${zone}`,
      `-XMP-exif:GPSLatitude=${latitude}`,
      `-XMP-exif:GPSLongitude=${longitude}`,
      ...(make === "" ? [] : [`-XMP-tiff:Make=${make}`]),
      ...(model === "" ? [] : [`-XMP-tiff:Model=${model}`]),
      '-XMP-dc:Title=A "title" & <more>',
      "-XMP-dc:Description=橋",
      "-XMP-dc:Subject=bridge",
      "-XMP-dc:Subject=night & day",
      `-XMP-xmp:Rating=${round % 6}`,
    ],
    expected: {
      ...usual({ camera, latitude, longitude, day, time, zone }),
      ...{ title: 'A "title" & <more>', description: "橋", keywords: "bridge, night & day", rating: round % 6 },
    },
  };
}

function inIptc({ day, time, zone }: Facts) {
  return {
    args: [
      "-IPTC:CodedCharacterSet=UTF8",
      `-IPTC:DateCreated=${day}`,
      `-IPTC:TimeCreated=${time}${zone === "" ? "+00:00" : zone}`,
      "-IPTC:ObjectName=Brücke",
      "-IPTC:Caption-Abstract=A caption",
      "-IPTC:Keywords=bridge",
      "-IPTC:Keywords=night",
    ],
    expected: {
      taken_at: `${day.replaceAll(":", "-")}T${time}${zone === "" ? "+00:00" : zone}`,
      ...{ title: "Brücke", description: "A caption", keywords: "bridge, night" },
    },
  };
}

function usual({
  day,
  time,
  zone,
  camera,
  latitude,
  longitude,
}: Record<"day" | "time" | "zone" | "camera", string> & Record<"latitude" | "longitude", number>) {
  return { taken_at: `${day.replaceAll(":", "-")}T${time}${zone}`, latitude, longitude, camera };
}

function wrapped(value: number, limit: number): number {
  return Math.round((((value + limit) % (2 * limit)) - limit) * 1e4) / 1e4;
}

/** Coordinates are compared to a metre: exiftool chooses how many digits it writes. */
function sorted(metadata: Metadata): readonly (readonly [string, unknown])[] {
  return Object.entries(metadata)
    .map(([key, value]) => [key, typeof value === "number" ? Number(value.toPrecision(6)) : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
