/** `npm run services:triton -- start | stop | status` */
import { tritonCommand } from "./triton.js";

process.stdout.write(`${await tritonCommand(process.argv[2])}\n`);
