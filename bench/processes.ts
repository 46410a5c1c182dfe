/** Runs Node scripts in processes of their own, so that memory and CPU time are theirs alone. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Runs a script beside this one, and parses the JSON that it prints last. */
export function measureScript<T>(name: string, ...args: readonly string[]): Promise<T> {
  return measureScriptUnder<T>([], name, ...args);
}

/** The same under flags of Node. */
export async function measureScriptUnder<T>(flags: readonly string[], name: string, ...args: readonly string[]): Promise<T> {
  return parseLast(await output([...flags, fileURLToPath(new URL(`./${name}.js`, import.meta.url)), ...args]));
}

/** Runs a script beside this one that kills itself. */
export function killedScript(name: string, ...args: readonly string[]): Promise<void> {
  return new Promise((fulfil, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL(`./${name}.js`, import.meta.url)), ...args], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.once("error", reject);
    child.once("close", (code, signal) => (signal === "SIGKILL" ? fulfil() : reject(new Error(`${name} ended with ${code ?? signal}`))));
  });
}

/** Runs the built command with `--json` and parses its document. */
export async function measureCommand<T>(...args: readonly string[]): Promise<T> {
  return parseLast(await output(["dist/cli/launcher.js", ...args, "--json", "--quiet"]));
}

/** Runs the command without its launcher, in one process, under flags of Node and with more variables. */
export async function measureMain<T>(
  flags: readonly string[],
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<T> {
  return parseLast(await output([...flags, "dist/cli/main.js", ...args, "--json", "--quiet"], environment));
}

function output(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((fulfil, reject) => {
    const child = spawn(process.execPath, ["--expose-gc", ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...environment },
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 || code === 3 ? fulfil(text) : reject(new Error(`${args[0]} ended with ${code}: ${text}`))));
  });
}

function parseLast<T>(text: string): T {
  return JSON.parse(text.trim().split("\n").at(-1) ?? "") as T;
}
