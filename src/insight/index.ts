/** Interprets how the workers of a run spent their time: what limited the run, and what would make it faster. */
export type { Resources } from "./forecast.js";
export { type Advice, type Knob, type Limit, limitingStage, limitOf } from "./limit.js";
export { type LoadRecord, type ServerLoad, serverLoad, withReading } from "./server-load.js";
export { stageShares } from "./stage-shares.js";
export { tooShortToSay, verdict } from "./verdict.js";
