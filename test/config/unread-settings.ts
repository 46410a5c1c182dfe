/** Finds settings that no code reads. The compiler says which property a name in the code is, so that one of the same name elsewhere does not count. */
import { resolve } from "node:path";
import { globSync } from "tinyglobby";
import ts from "typescript";

const schemaFile = "src/app/configuration/settings.ts";

/** Dotted paths, as code spells them. `changed` are source files with another text than on disk. */
export function unreadSettings(changed: Readonly<Record<string, string>> = {}): readonly string[] {
  const program = programOf(new Map(Object.entries(changed).map(([path, text]) => [resolve(path), text])));
  const reads = new Reads(program);
  return settings(program).flatMap(({ path, symbol }) => (reads.isRead(symbol) ? [] : [path]));
}

function programOf(changed: ReadonlyMap<string, string>): ts.Program {
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ".");
  const host = ts.createCompilerHost(options);
  const { readFile } = host;
  host.readFile = (path) => changed.get(resolve(path)) ?? readFile(path);
  return ts.createProgram(globSync("src/**/*.ts", { ignore: "src/**/*.test.ts" }), options, host);
}

interface Setting {
  readonly path: string;
  readonly symbol: ts.Symbol;
}

function settings(program: ts.Program): readonly Setting[] {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(schemaFile);
  const schema = file && checker.getExportsOfModule(checker.getSymbolAtLocation(file)!).find(({ name }) => name === "settingsSchema");
  const output = checker.getTypeOfSymbol(schema!).getProperty("_output");
  return inside(checker, checker.getTypeOfSymbol(output!), []);
}

/** Sections too: one that is read nowhere is reported itself. */
function inside(checker: ts.TypeChecker, type: ts.Type, path: readonly string[]): readonly Setting[] {
  const given = checker.getNonNullableType(type);
  const [element] = checker.isArrayType(given) ? checker.getTypeArguments(given as ts.TypeReference) : [];
  if (element !== undefined) return inside(checker, element, [...path, "0"]);
  const isSection = (given.flags & ts.TypeFlags.Object) !== 0 && !checker.isTupleType(given) && given.getStringIndexType() === undefined;
  if (!isSection) return [];
  return given.getProperties().flatMap((symbol) => {
    const at = [...path, symbol.name];
    return [{ path: at.join("."), symbol }, ...inside(checker, checker.getTypeOfSymbol(symbol), at)];
  });
}

/**
 * What is read of all properties. To hand a value on, as a property of an object or in a variable, is no reading: whatever it is handed to
 * must be read itself.
 */
class Reads {
  readonly #checker: ts.TypeChecker;
  readonly #uses = new Map<ts.Symbol, ts.Identifier[]>();
  readonly #read = new Set<ts.Symbol>();
  readonly #handedTo = new Map<ts.Symbol, Set<ts.Symbol>>();

  constructor(program: ts.Program) {
    this.#checker = program.getTypeChecker();
    const files = program.getSourceFiles().filter(({ isDeclarationFile }) => !isDeclarationFile);
    for (const file of files) this.#visit(file, (node) => this.#noteUse(node));
    for (const file of files) this.#visit(file, (node) => this.#noteRead(node));
  }

  isRead(symbol: ts.Symbol, asked = new Set<ts.Symbol>()): boolean {
    return this.#checker.getRootSymbols(symbol).some((root) => {
      if (asked.has(root)) return false;
      asked.add(root);
      return this.#read.has(root) || [...(this.#handedTo.get(root) ?? [])].some((next) => this.isRead(next, asked));
    });
  }

  #visit(node: ts.Node, note: (node: ts.Node) => void): void {
    note(node);
    ts.forEachChild(node, (child) => this.#visit(child, note));
  }

  /** Where a variable is used. */
  #noteUse(node: ts.Node): void {
    if (!ts.isIdentifier(node)) return;
    const isShorthand = ts.isShorthandPropertyAssignment(node.parent);
    const symbol = isShorthand ? this.#checker.getShorthandAssignmentValueSymbol(node.parent) : this.#checker.getSymbolAtLocation(node);
    if (symbol === undefined || (symbol.flags & ts.SymbolFlags.Variable) === 0) return;
    const isDeclaration = ts.isBindingElement(node.parent) || ts.isVariableDeclaration(node.parent);
    if (isDeclaration && node.parent.name === node) return;
    this.#uses.set(symbol, [...(this.#uses.get(symbol) ?? []), node]);
  }

  #noteRead(node: ts.Node): void {
    if (ts.isPropertyAccessExpression(node)) {
      const { parent } = node;
      const isTarget = ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken && parent.left === node;
      if (!isTarget) this.#note(this.#checker.getSymbolAtLocation(node.name), node);
    } else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent) && node.dotDotDotToken === undefined) {
      const name = node.propertyName ?? node.name;
      if (ts.isIdentifier(name)) this.#note(this.#checker.getTypeAtLocation(node.parent).getProperty(name.text), node);
    }
  }

  #note(symbol: ts.Symbol | undefined, node: ts.Node): void {
    if (symbol === undefined) return;
    const receivers = this.#receivers(node);
    for (const root of this.#checker.getRootSymbols(symbol)) {
      if (receivers === "read") this.#read.add(root);
      else this.#handedTo.set(root, new Set([...(this.#handedTo.get(root) ?? []), ...receivers]));
    }
  }

  /** The properties that the value goes to; "read" where it goes anywhere else. */
  #receivers(node: ts.Node): readonly ts.Symbol[] | "read" {
    const { parent } = node;
    if (ts.isBindingElement(node) || (ts.isVariableDeclaration(parent) && parent.initializer === node)) {
      const { name } = ts.isBindingElement(node) ? node : (parent as ts.VariableDeclaration);
      return ts.isIdentifier(name) ? this.#receiversOf(this.#checker.getSymbolAtLocation(name)) : "read";
    }
    if (isPassedThrough(node, parent)) return this.#receivers(parent);
    if (!ts.isShorthandPropertyAssignment(parent) && !(ts.isPropertyAssignment(parent) && parent.initializer === node)) return "read";
    const property = this.#checker.getContextualType(parent.parent)?.getProperty(parent.name.getText());
    const isOurs = property?.declarations?.every((declaration) => !declaration.getSourceFile().isDeclarationFile);
    return property === undefined || isOurs === false ? "read" : [property];
  }

  #receiversOf(variable: ts.Symbol | undefined): readonly ts.Symbol[] | "read" {
    const all = (variable === undefined ? [] : (this.#uses.get(variable) ?? [])).map((use) => this.#receivers(use));
    return all.includes("read") ? "read" : (all as (readonly ts.Symbol[])[]).flat();
  }
}

const arithmetic = new Set([
  ts.SyntaxKind.QuestionQuestionToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.PlusToken,
  ts.SyntaxKind.MinusToken,
  ts.SyntaxKind.AsteriskToken,
  ts.SyntaxKind.SlashToken,
]);

/** Whether the value, or what is computed from it, is that of the expression around it. */
function isPassedThrough(node: ts.Node, parent: ts.Node): boolean {
  if (ts.isBinaryExpression(parent)) return arithmetic.has(parent.operatorToken.kind);
  if (ts.isConditionalExpression(parent)) return parent.condition !== node;
  return ts.isParenthesizedExpression(parent) || ts.isNonNullExpression(parent) || ts.isAsExpression(parent);
}
