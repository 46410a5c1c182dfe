/** `docs/reference/library.md`: every export of the package's front door, and the types those name, from the compiler's declarations. */
import { relative } from "node:path";
import ts from "typescript";
import { generatedNote, type ReferencePage } from "./page.js";

const frontDoor = "src/index.ts";

/** Rooms whose types are named by their importers; what lies deeper (the settings' schemas) has pages of its own. */
const shownRooms = /^src\/(app|contracts|engine|config|operations)\//;
const hidden: ReadonlySet<string> = new Set(["Checked", "DeepPartial", "Loaded", "LoadedSettings", "CodeDefaults"]);

export const libraryPage: ReferencePage = { path: "docs/reference/library.md", render: () => text() };

function text(): string {
  const program = declarationProgram();
  const declarations = declarationTexts(program);
  const exported = exportedSymbols(program);
  const values = exported.filter(({ flags }) => (flags & ts.SymbolFlags.Value) !== 0);
  const types = exported.filter((symbol) => !values.includes(symbol));
  const others = namedBy(program, exported).sort(byName);
  const entries = (symbols: readonly ts.Symbol[]): string => symbols.map((symbol) => entry(symbol, declarations)).join("\n");
  return `# Library

${generatedNote}

\`\`\`ts
import { ImageEmbeddingPipeline, ServiceConfig } from "headrace";
\`\`\`

A first program is in [the guide](../guides/first-collection.md); what \`Settings\` holds is in [configuration.md](configuration.md), in
camelCase; error codes are in [errors.md](errors.md). Adapters of your own implement \`headrace/contracts\` and may use \`headrace/kit\`.

## Classes, functions and values

${entries([...values].sort(byName))}
## Types

${entries([...types].sort(byName))}
## Types that those name

Not exported from \`headrace\`; most are from \`headrace/contracts\`.

${entries(others)}`;
}

function declarationProgram(): ts.Program {
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ".");
  return ts.createProgram([frontDoor], { ...options, noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: "." });
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

function exportedSymbols(program: ts.Program): readonly ts.Symbol[] {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(frontDoor);
  const door = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  if (door === undefined) throw new Error(`${frontDoor} exports nothing.`);
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
    if (ts.isBlock(node) || isPrivate(node)) return;
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

function isShown({ name, flags, declarations: [declaration] = [] }: ts.Symbol): boolean {
  if (declaration === undefined || (flags & ts.SymbolFlags.TypeParameter) !== 0 || hidden.has(name)) return false;
  return shownRooms.test(relative(process.cwd(), declaration.getSourceFile().fileName));
}

function entry({ name, declarations: [declaration] = [] }: ts.Symbol, texts: ReadonlyMap<string, string>): string {
  const declared = declaration === undefined ? undefined : texts.get(keyOf(declaration.getSourceFile(), name));
  if (declared === undefined) throw new Error(`Expected a declaration of ${name}, which ${frontDoor} exports or names, but found none.`);
  return `### \`${name}\`\n\n\`\`\`ts\n${shortened(declared)}\n\`\`\`\n`;
}

/** Without what nobody can use, and with indents of two as in the sources. */
function shortened(declared: string): string {
  return declared
    .replace(/^\s*#private;\n/gm, "")
    .replace(/^\s*private constructor\(.*\);\n/gm, "")
    .replace(/^export (declare )?/gm, "")
    .replace(/^(?: {4})+/gm, (indent) => " ".repeat(indent.length / 2));
}

function byName(a: ts.Symbol, b: ts.Symbol): number {
  return a.name < b.name ? -1 : 1;
}
