/** `node build/test/support/services/milvus.cli.js start | stop | status` */
import { milvusCommand } from "./milvus.js";

process.stdout.write(`${await milvusCommand(process.argv[2])}\n`);
