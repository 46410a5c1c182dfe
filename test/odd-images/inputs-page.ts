/** The page of the reference that says how each odd input ends, and the command that writes it. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
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
| \`--manifest photos.jsonl\` | a list with ids and metadata, see below |

Relative paths count from the folder that the command or the program runs in. Inputs are taken in the order given, folders in the order of
names, a manifest last. A path that is not there fails as \`source_not_found\` and the others go on; when nothing at all is there, the run
is \`source_failed\` before it begins. In a program, \`insertImages\` takes files, \`data:\` URLs and bytes; folders and globs are for
\`listImages\`. Web addresses are refused: no reader for them is part of Headrace.

## Globs

\`*\` and \`?\` stand for characters of one name, \`[a-c]\` for one of them, \`{jpg,png}\` for either, \`**\` for folders at any depth. Put
a glob in quotes, or the shell reads it first. One that ends with \`*\` finds images only, by their endings; one that names an ending
finds what it says. Hidden files are left out. A file whose name is the pattern itself, such as \`photo[1].jpg\`, is that file. A glob that
matches nothing is treated like a path that is not there.

## Manifests

A file of JSON lines, one image each:

\`\`\`json
{"input": "2024/a.jpg", "id": "a-7", "metadata": {"year": 2024, "camera": "X100", "edited": false}}
{"input": "/mnt/photos/b.jpg"}
\`\`\`

\`input\` is a file, also as a \`file:\` URL, or a \`data:\` URL, not a folder. **Relative paths count from the folder that the command runs
in, not from the manifest's.** \`id\` is text or a whole number, one kind in a collection; for numbers create the collection first, with
\`headrace collection create NAME --ids int64\`. Without \`id\` the key is derived from the path. \`metadata\` has keys of
\`[a-z_][a-z0-9_]{0,62}\`, and values that are text, numbers, \`true\`, \`false\` or \`null\` (the same as leaving it out). Empty lines are
skipped. A line that is no JSON or has another key ends the run, with file and line; what is stored by then stays.

The first row that is _written_ with a metadata key decides the type of its column, and a value of another type fails as
\`metadata_type\`. Images are embedded side by side, so in one run it is not always the first line that is written first: give a key one
type throughout. A column keeps its type as long as the collection lives.

## Names

A row's \`source\` is the file's absolute path as a URL, \`file:///mnt/photos/2024/a.jpg\`, and its key is derived from that: under
another mount the same file would be another row. \`--base /mnt/photos --as photos\` names files by their path below the base,
\`photos:2024/a.jpg\`; the same photos below another base with the same name are then the same rows. Every path must lie below the base;
manifests keep the names of their own. In a program: \`listImages({ paths, naming: { base, as } })\`. Filters use the name as it is
stored: \`startsWith(source, "photos:2024/")\`. \`root\` is the input that a row came from: the folder, the glob or the manifest.

## Images

Headrace reads JPEG, PNG, WebP, GIF, AVIF, TIFF and SVG, told apart by their first bytes, never by their names.
Inside folders, files are found by their endings: \`jpg jpeg png webp gif avif tif tiff svg\`, in upper or lower case. Hidden files
are left out, links are followed, but never in a circle. A file given by its name is tried whatever its ending.

What becomes of an image before the model sees it: turned upright as EXIF says, converted to 8-bit sRGB by its colour profile,
put on white where it is transparent, the first frame of an animation. A file that the codec so much as warns about is
\`image_corrupt\`: it is read to its end, whatever part of it the model looks at. A byte changed inside a JPEG's or a lossy WebP's data can
decode without a warning; nothing but a checksum would notice.

SVGs are drawn at their own size. What lies outside them (entities, linked files) is never read.

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
