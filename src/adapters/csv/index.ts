/** Reads tables from CSV and TSV files. */
export { openCsvTable } from "./table.js";
