/** The log of the server: one line per event. Lines contain no headers, no bodies, no query strings and no keys. */
import type { Settings } from "../../app/index.js";

export type Level = Settings["logging"]["level"];
export type Log = (level: Level, event: string, facts?: Readonly<Record<string, unknown>>) => void;

const levels: readonly Level[] = ["debug", "info", "warn", "error"];

export interface LogOptions extends Pick<Settings["logging"], "level" | "format"> {
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Makes a log. "json" writes one JSON object per line; "auto" does so unless the stream is a terminal. */
export function createLog({ level: least, format, stream }: LogOptions): Log {
  const isText = format === "text" || (format === "auto" && stream.isTTY === true);
  return (level, event, facts = {}) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    const time = new Date().toISOString();
    stream.write(isText ? textLine(time, level, event, facts) : `${JSON.stringify({ time, level, event, ...facts })}\n`);
  };
}

function textLine(time: string, level: Level, event: string, facts: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null);
  const text = pairs.map(([name, value]) => ` ${name}=${typeof value === "string" ? JSON.stringify(value) : String(value)}`).join("");
  return `${time} ${level.toUpperCase().padEnd(5)} ${event}${text}\n`;
}
