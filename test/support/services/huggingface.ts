/** The hub's own Python package. */
import { installVenv, type Venv } from "./venv.js";

/** 10 s the first time. */
export function installHuggingfaceHub(): Promise<Venv> {
  return installVenv({ name: "huggingface", installs: [["huggingface_hub==2.4.0"]] });
}
