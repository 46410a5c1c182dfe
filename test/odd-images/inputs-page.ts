/** The page of the reference that says how each odd input ends, and the command that writes it. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { imageExtensions } from "../../src/kit/index.js";
import { damagedInputs, oddInputs } from "./make.js";

export const inputsPage = new URL("../../../docs/reference/inputs.md", import.meta.url);

/** The page as the tables of inputs have it. */
export function renderInputsPage(): string {
  return `# Inputs

What can be handed to \`headrace ingest\`, to \`listImages\` in a program, and what becomes of it.

| input | what it names |
| --- | --- |
| \`photos/a.jpg\`, \`file:///photos/a.jpg\` | one file, tried whatever its ending |
| \`photos\` | a folder, with all that is below it |
| \`'photos/**/*.{jpg,png}'\` | a glob, see below |
| \`https://example.com/a.jpg\` | one image on a web server, see [images from the web](../guides/web.md) |
| \`-\`, \`<(…)\`, a named pipe, \`--files-from list.txt\`, \`--files-from -\` | more inputs, one per line, or JSON lines as in a manifest |
| \`photos.csv\`, \`photos.parquet\`, \`urls.txt\`, … | a table or a list, see [sources](../guides/sources.md) |
| \`s3://bucket/prefix\`, \`s3://bucket/key.jpg\` | images in a bucket, see [sources](../guides/sources.md#s3) |
| \`photos.tar\`, \`photos.tar.gz\`, \`photos.zip\` | an archive, see [sources](../guides/sources.md) |
| \`s3://bucket/shard-{00..99}.tar\`, \`https://example.com/list.csv\` | a table, list or archive elsewhere, see [sources](../guides/sources.md#tables-and-archives-elsewhere) |
| \`--manifest photos.jsonl\`, \`--manifest -\` | a list with ids and metadata, see below |

Relative paths count from the folder that the command or the program runs in. A manifest comes first, so that its metadata counts for
images that a folder names too; then the inputs in the order given, \`--files-from\` last, folders in the order of names. A path that is not there fails as \`source_not_found\` and the others go on; when nothing at all is there, the run
is \`source_failed\` before it begins. In a program, \`insertImages\` takes files, web URLs, \`data:\` URLs and bytes; folders and globs are for
\`listImages\`. A URL of another scheme, such as \`ftp:\`, fails alone as \`source_unreadable\`, unless the program has a reader for it.

Lists and manifests may be pipes (\`<(…)\`, \`/dev/stdin\`, a named pipe): they are read once and to their end. The progress line then
shows no total. With \`-0\` (\`--null\`) the names in lists end with NUL, so they may contain line feeds. A list whose first line begins with
\`{\` contains JSON lines. They are read after the paths; \`--manifest\` reads them before.

\`\`\`sh
find photos -name '*.jpg' -newer stamp -print0 | headrace ingest -0 -
headrace ingest --manifest <(jq -c '{input: .path, metadata: {year}}' database.json)
\`\`\`

## Globs

\`*\` and \`?\` stand for characters of one name, \`[a-c]\` for one of them, \`{jpg,png}\` for either, \`**\` for folders at any depth. Put
a glob in quotes, or the shell reads it first. One that ends with \`*\` finds images only, by their endings; one that names an ending
finds what it says. Hidden files are left out and not counted. A file whose name is the pattern itself, such as \`photo[1].jpg\`, is that file. A glob that
matches nothing is treated like a path that is not there.

## Manifests

A file of JSON lines, one image each:

\`\`\`json
{"input": "2024/a.jpg", "id": "a-7", "metadata": {"year": 2024, "camera": "X100", "edited": false}}
{"input": "/mnt/photos/b.jpg"}
\`\`\`

\`input\` is a file, also as a \`file:\` URL, or a \`data:\` URL, not a folder. **Relative paths count from the folder that the command runs
in, not from the manifest's.** \`id\` is text or a whole number, one kind in a collection, that of the first input where the run creates
it (or \`headrace collection create NAME --ids int64\`). Whole numbers are kept as int64, and are bigints in a program; a number with a
fraction, or one above 2⁵³ − 1, which JSON cannot hold exactly, is refused. Without \`id\` the key is derived from the path. \`metadata\` has keys of
\`[a-z_][a-z0-9_]{0,62}\`, and values that are text, numbers, \`true\`, \`false\` or \`null\` (the same as leaving it out). Lists are refused: join one into
a text, or give each value a key of its own. Empty lines are skipped.

A line that cannot be used (no JSON, another key, a bad id or URL) fails alone: it counts as a failed image, the exit code is 3, and
\`source\` in the summary and the dead letters is \`photos.jsonl:17\`, file and line. With \`--on-bad-line skip\` such lines count as skipped,
and a notice says how many there were. Other images of a manifest that fail have their line in the dead letters, too, as \`line\`.

### What becomes of stored metadata

Metadata that is given replaces all that the row has: \`{"year": 2020}\` for a row with \`year\` and \`label\` leaves \`year\` alone, and \`{}\`
empties the row. A listing that says nothing of metadata keeps what is stored: a folder, a path, a line without \`metadata\` (or with
\`null\`), \`insertImages(["a.jpg"])\`. That holds, too, when the image itself has changed and is embedded anew. \`root\` is where
the row was first listed from; listing the image from another folder does not change it.

### Ids and images given twice

In one run the first wins, whatever was stored when. The same image again, from overlapping paths for example, is skipped, also when it had an
id of its own the first time. Another image with an id that was given before fails as \`id_duplicate\`, and the message names both. For that
a run remembers what it was given: 11 to 16 bytes for an image, 32 to 48 for one with an id of its own (10 million: 0.3 to 0.5 GB); one
folder alone needs no memory. A later run that gives an id to another image updates the row. An image that one run names with an id, and
another without, has two rows: ids are compared, not sources.

The first row that is _written_ with a metadata key decides the type of its column, and a value of another type fails as
\`metadata_type\`. Images are embedded side by side, so in one run it is not always the first line that is written first: give a key one
type throughout. A column keeps its type as long as the collection lives.

## Names

A row's \`source\` is the file's absolute path as a URL, \`file:///mnt/photos/2024/a.jpg\`, and its key is derived from that: under
another mount the same file would be another row. \`--base /mnt/photos --as photos\` names files by their path below the base,
\`photos:2024/a.jpg\`; the same photos below another base with the same name are then the same rows. Every path must lie below the base;
manifests keep the names of their own. In a program: \`listImages({ paths, naming: { base, as } })\`. Filters use the name as it is
stored: \`startsWith(source, "photos:2024/")\`. Names stay as the file system spells them: on Linux an é that is one character and one that
is two (as files from a Mac have it) are two files and two rows. \`root\` is the input that a row came from: the folder, the glob or the manifest.

## Images

Headrace reads JPEG, PNG, WebP, GIF, AVIF, TIFF and BMP; HEIC, JPEG XL and SVG on request: see [formats](../guides/formats.md). Formats are told
apart by their first bytes, never by their names.
Inside folders, files are found by their endings: \`${imageExtensions.join(" ")}\`, in upper or
lower case. A file without an ending is an image when its first bytes are one's. The summary, and \`leftOut\` with \`--json\`, say how
many other files were left out, by ending: SVGs and archives among them. Hidden files are left out and
not counted, links are followed, but never in a circle. A file given by its name is tried whatever its ending.

What becomes of an image before the model sees it: turned upright as EXIF says, converted to 8-bit sRGB by its colour profile,
put on white where it is transparent, the first frame of an animation. A file that the codec so much as warns about is
\`image_corrupt\`: it is read to its end, whatever part of it the model looks at. A byte changed inside a JPEG's or a lossy WebP's data can
decode without a warning; nothing but a checksum would notice. With \`preprocess.damaged: keep\`, what can be decoded is stored
([failures](../guides/failures.md#keep-what-can-be-decoded)).

SVGs are drawn at their own size, with \`preprocess.svg: draw\`. What lies outside them (entities, linked files) is never read.

Every input ends exactly once: stored, or failed with a code; each code is explained in [errors](errors.md).

## Odd inputs

${table(oddInputs)}

## Damaged inputs

${table(damagedInputs)}

These tables are written by \`npm run build:tests && node build/test/odd-images/inputs-page.js\`, and a test keeps them equal to what happens.
`;
}

function table(inputs: readonly { readonly name: string; readonly what: string; readonly ends: string }[]): string {
  const rows = inputs.map(({ name, what, ends }) => `| \`${name}\` | ${what} | ${ends === "stored" ? "stored" : `\`${ends}\``} |`);
  return ["| input | what it is | how it ends |", "| --- | --- | --- |", ...rows].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(inputsPage, renderInputsPage());
