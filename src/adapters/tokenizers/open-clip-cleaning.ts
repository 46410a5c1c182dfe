/** Cleans texts as open_clip does before it splits them: it decodes HTML, replaces typographic characters and joins white space. */
import { cleaningUnknown, packageMissing } from "./errors.js";
import type { ConfigFile } from "./model-config.js";

const cleanings = ["lower", "whitespace", "canonicalize"] as const;
/** How open_clip cleans texts. All three repair the text and join white space; "lower" and "canonicalize" also change letters. */
export type Cleaning = (typeof cleanings)[number];

type Entities = Pick<typeof import("entities"), "decodeHTML" | "decodeHTMLStrict">;

/**
 * Returns how a model of open_clip cleans texts. Null if the model does not come from open_clip: its tokenizer.json then describes everything.
 * Throws `model_invalid` for a cleaning that is not known.
 */
export function cleaningOf({ file, config }: ConfigFile): Cleaning | null {
  const text = config.text_cfg;
  if (text === undefined) return null;
  const named = text.tokenizer_kwargs?.clean ?? (text.hf_tokenizer_name === undefined ? "lower" : "whitespace");
  const cleaning = cleanings.find((each) => each === named);
  if (cleaning === undefined) throw cleaningUnknown(file, String(named), cleanings);
  return cleaning;
}

/** Throws `part_missing` without the package entities. */
export async function openCleaner(cleaning: Cleaning): Promise<(text: string) => string> {
  const entities = await import("entities").catch((cause: unknown) => {
    throw packageMissing("entities", cause);
  });
  return (text) => {
    const repaired = entities.decodeHTML(entities.decodeHTML(repairedLines(text, entities)));
    switch (cleaning) {
      case "lower":
        return joined(repaired).toLowerCase();
      case "whitespace":
        return joined(repaired);
      case "canonicalize":
        return joined(
          repaired
            .replaceAll("_", " ")
            .replace(/[!-/:-@[-`{-~]/g, "")
            .toLowerCase(),
        );
      default:
        return cleaning satisfies never;
    }
  };
}

/** From the first line with < on, HTML is taken as it is, because a text about HTML may be meant. */
function repairedLines(text: string, entities: Entities): string {
  let isHtml = false;
  return text
    .split(/(?<=\n)/)
    .map((line) => {
      isHtml ||= line.includes("<");
      const decode = isHtml
        ? (part: string) => part
        : (part: string) => part.replace(/&#?[0-9A-Za-z]{1,24};/g, (name) => decoded(name, entities));
      return untilStable(line, (part) => repaired(decode(part)));
    })
    .join("");
}

function untilStable(text: string, step: (text: string) => string): string {
  for (let before = text; ; ) {
    const after = step(before);
    if (after === before) return after;
    before = after;
  }
}

/** Names in upper case such as &EACUTE; are decoded too, if they mean nothing else. */
function decoded(name: string, { decodeHTML, decodeHTMLStrict }: Entities): string {
  const exact = decodeHTMLStrict(name);
  if (exact !== name) return exact;
  if (name !== name.toUpperCase() || decodeHTML(name) !== name) return name;
  const lower = decodeHTMLStrict(name.toLowerCase());
  return lower === name.toLowerCase() ? name : lower.toUpperCase();
}

const ligatures = /[\u0132\u0133\u0149\u01c4-\u01cc\u01f1-\u01f3\ufb00-\ufb04\ufb06]/g;
const otherWidths = /[\uff01-\uffef]/g;
const windows1252 = new TextDecoder("windows-1252");

/** Text that was decoded with the wrong encoding is not repaired. */
function repaired(text: string): string {
  return (
    text
      // Control characters between 0x80 and 0x9f are characters of Windows-1252.
      .replace(/[\x80-\x9f]/g, (control) => windows1252.decode(Uint8Array.of(control.charCodeAt(0))))
      .replace(ligatures, compatible)
      .replaceAll("\ufb05", "\u017ft")
      .replaceAll("\u3000", " ")
      .replace(otherWidths, compatible)
      .replace(/[\u02bc\u2018-\u201b]/g, "'")
      .replace(/[\u201c-\u201f]/g, '"')
      .replace(/\r\n?|[\u2028\u2029\x85]/g, "\n")
      .replace(/\p{Cs}/gu, "\ufffd")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed.
      .replace(/\x1b\[[\p{Nd};]*[a-zA-Z]/gu, "")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed.
      .replace(/[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]/g, "")
      .normalize("NFC")
  );
}

function compatible(character: string): string {
  return character.normalize("NFKC");
}

function joined(text: string): string {
  return text
    .split(/\p{White_Space}+/u)
    .filter((part) => part !== "")
    .join(" ");
}
