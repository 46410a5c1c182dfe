/** Lists a folder in a process of its own, and prints how many images it has found. */
import { listImages } from "../src/app/index.js";

const [folder = "."] = process.argv.slice(2);
let listed = 0;
for await (const _ of listImages({ paths: [folder] })) listed += 1;
process.stdout.write(JSON.stringify({ listed, peakRssBytes: process.resourceUsage().maxRSS * 1024 }));
