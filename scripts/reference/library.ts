/** `docs/reference/library.md`: every export of the package's front door, and the types those name, from the compiler's declarations. */
import { spawnSync } from "node:child_process";
import { relative } from "node:path";
import ts from "typescript";
import { generatedNote, type ReferencePage, table } from "./page.js";

const frontDoor = "src/index.ts";
const contractsDoor = "src/contracts/index.ts";

/** Rooms whose types are named by their importers; what lies deeper (the settings' schemas) has pages of its own. */
const shownRooms = /^src\/(app|contracts|engine|config|operations|sources|fleet)\//;
const pagesOfTheirOwn: ReadonlySet<string> = new Set(["errorCodes"]);
const hidden: ReadonlySet<string> = new Set([
  ...["Checked", "DeepPartial", "Loaded", "LoadedSettings", "CodeDefaults"],
  ...["AnyResult", "AnyStage", "Step", "ResolvedLane", "FileFormat", "Triple"],
]);

export const libraryPage: ReferencePage = { path: "docs/reference/library.md", render: () => text() };

function text(): string {
  const program = declarationProgram();
  const declarations = formatted(declarationTexts(program));
  const exported = exportedSymbols(program, frontDoor);
  const isValue = ({ flags }: ts.Symbol): boolean => (flags & ts.SymbolFlags.Value) !== 0;
  const values = exported.filter((symbol) => isValue(symbol) && !pagesOfTheirOwn.has(symbol.name));
  const types = exported.filter((symbol) => !isValue(symbol));
  const others = namedBy(program, exported).sort(byName);
  const contracts = new Set(exportedSymbols(program, contractsDoor));
  const entries = (symbols: readonly ts.Symbol[]): string => symbols.map((symbol) => entry(symbol, declarations)).join("\n");
  return `# Library

${generatedNote}

\`\`\`ts
import { ImageEmbeddingPipeline, ServiceConfig } from "headrace";
\`\`\`

[The guide](../guides/first-collection.md) has a first program. [configuration.md](configuration.md) describes the fields of \`Settings\`, which are
camelCase in code. [errors.md](errors.md) describes \`errorCodes\`. Your own adapters implement \`headrace/contracts\` and may use \`headrace/kit\`.

## Classes, functions and values

${entries([...values].sort(byName))}
## Types

${entries([...types].sort(byName))}
## Types used above

They are not exported by name. Each is the argument, the result or a field of something above.

${entries(others.filter((symbol) => !contracts.has(symbol)))}
## Types of \`headrace/contracts\` used above

Your editor shows their full declarations.

${table(
  ["type", "what it is"],
  others.filter((symbol) => contracts.has(symbol)).map((symbol) => summaryRow(symbol, declarations)),
)}
`;
}

function declarationProgram(): ts.Program {
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ".");
  return ts.createProgram([frontDoor], {
    ...options,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    outDir: ".",
  });
}

/** The declared statements of every module, by source path and name. */
function declarationTexts(program: ts.Program): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const write: ts.WriteFileCallback = (_path, content, _mark, _onError, sources) => {
    const [source] = sources ?? [];
    if (source === undefined) return;
    const file = ts.createSourceFile("module.d.ts", content, ts.ScriptTarget.Latest, true);
    for (const statement of file.statements) {
      for (const name of namesOf(statement)) texts.set(keyOf(source, name), statement.getFullText().trim());
    }
  };
  program.emit(undefined, write, undefined, true);
  return texts;
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.Statement & { readonly name?: ts.Identifier };
  return name === undefined ? [] : [name.text];
}

function keyOf({ fileName }: ts.SourceFile, name: string): string {
  return `${relative(process.cwd(), fileName)}#${name}`;
}

function exportedSymbols(program: ts.Program, path: string): readonly ts.Symbol[] {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(path);
  const door = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  if (door === undefined) throw new Error(`${path} exports nothing.`);
  return checker.getExportsOfModule(door).map((symbol) => target(symbol, checker));
}

function target(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

/** Types of ours that public declarations name, and the types that those name. */
function namedBy(program: ts.Program, exported: readonly ts.Symbol[]): ts.Symbol[] {
  const checker = program.getTypeChecker();
  const found = new Set(exported);
  const visit = (node: ts.Node): void => {
    if (ts.isBlock(node) || isPrivate(node) || isInternal(node)) return;
    if (ts.isTypeReferenceNode(node)) note(checker.getSymbolAtLocation(node.typeName));
    if (ts.isExpressionWithTypeArguments(node)) note(checker.getSymbolAtLocation(node.expression));
    ts.forEachChild(node, visit);
  };
  const note = (symbol: ts.Symbol | undefined): void => {
    const named = symbol === undefined ? undefined : target(symbol, checker);
    if (named === undefined || found.has(named) || !isShown(named)) return;
    found.add(named);
    named.declarations?.forEach(visit);
  };
  for (const { name, declarations = [] } of exported) if (name !== "Settings") declarations.forEach(visit);
  return [...found].filter((symbol) => !exported.includes(symbol));
}

function isPrivate(node: ts.Node): boolean {
  const isHidden = ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) === true;
  return isHidden || (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name));
}

/** What only our own code uses: it is marked so, or it is a constructor that takes parts of ours. */
function isInternal(node: ts.Node): boolean {
  if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")) return true;
  return ts.isConstructorDeclaration(node) && node.parameters.some(({ type }) => type !== undefined && closedParts.test(type.getText()));
}

function isShown({ name, flags, declarations: [declaration] = [] }: ts.Symbol): boolean {
  if (declaration === undefined || (flags & ts.SymbolFlags.TypeParameter) !== 0 || hidden.has(name)) return false;
  return shownRooms.test(relative(process.cwd(), declaration.getSourceFile().fileName));
}

function entry(symbol: ts.Symbol, texts: ReadonlyMap<string, string>): string {
  return `### \`${symbol.name}\`\n\n\`\`\`ts\n${declarationOf(symbol, texts)}\n\`\`\`\n`;
}

function summaryRow(symbol: ts.Symbol, texts: ReadonlyMap<string, string>): readonly string[] {
  const declared = declarationOf(symbol, texts);
  return [`\`${symbol.name}\``, firstSentence(declared) || brief(declared)];
}

/** A declaration in one line where it is short, else the names of its fields. */
function brief(declared: string): string {
  const line = declared.replace(/\s+/g, " ");
  if (line.length <= 100) return `\`${line}\``;
  const fields = [...declared.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, field]) => `\`${field}\``);
  return fields.length === 0 ? "" : `Has ${fields.join(", ")}.`;
}

function declarationOf({ name, declarations: [declaration] = [] }: ts.Symbol, texts: ReadonlyMap<string, string>): string {
  const declared = declaration === undefined ? undefined : texts.get(keyOf(declaration.getSourceFile(), name));
  if (declared === undefined) throw new Error(`Expected a declaration of ${name}, which ${frontDoor} exports or names, but found none.`);
  return declared;
}

/** What the comment before a declaration begins with; empty when there is none. */
function firstSentence(declared: string): string {
  const comment = /^\/\*\*(.*?)\*\//s.exec(declared)?.[1] ?? "";
  const text = comment
    .replace(/^\s*\* ?/gm, "")
    .trim()
    .replace(/\s+/g, " ");
  return /^.*?[.:](?= |$)/.exec(text)?.[0].replace(/:$/, ".") ?? text;
}

/** Without what nobody can use, in the form of the sources. */
function formatted(texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const input = [...texts.values()].map(shortened).join(separator);
  const { stdout, stderr, status } = spawnSync("npx", ["biome", "format", "--stdin-file-path=library.d.ts"], { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`Biome cannot format the declarations: ${stderr}`);
  const outputs = stdout.trim().split(separator);
  return new Map([...texts.keys()].map((key, index) => [key, (outputs[index] ?? "").trim()]));
}

/** Types that no caller can make. */
const closedParts = /\bPipelineParts\b/;

const separator = "\n//\n";

/** Objects are laid on one line here; the formatter breaks those that are too long for one. */
function shortened(declared: string): string {
  return declared
    .replace(/^\s*#private;\n/gm, "")
    .replace(/^\s*private constructor\(.*\);\n/gm, "")
    .replace(/^\s*(?:protected )?constructor\(.*\bPipelineParts\b.*\);\n/gm, "")
    .replace(/^export (declare )?/gm, "")
    .replace(/\{\n((?:(?!\/\*\*)[^{}])*)\}/g, (object) => object.replace(/\n\s*/g, " "));
}

function byName(a: ts.Symbol, b: ts.Symbol): number {
  return a.name < b.name ? -1 : 1;
}
