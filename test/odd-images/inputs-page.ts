/** The page of the reference that says how each odd input ends, and the command that writes it. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { damagedInputs, oddInputs } from "./make.js";

export const inputsPage = new URL("../../../docs/reference/inputs.md", import.meta.url);

/** The page as the tables of inputs have it. */
export function renderInputsPage(): string {
  return `# Inputs

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
