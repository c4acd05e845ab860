import { docOf, resolveName } from "./source.mjs";

/** @typedef {import("./source.mjs").Declaration} Declaration */

/**
 * @typedef {object} Member A property or method of an interface, an object type or a class.
 * @property {string} name
 * @property {string} signature On one line: "with?: Demand".
 * @property {string} doc
 */

const inner = (node) => node.declaration ?? node;

/** @returns {"Functions" | "Classes" | "Types" | "Constants"} */
export function kindOf({ nodes: [node] }) {
  const { type } = inner(node);
  if (type === "FunctionDeclaration" || type === "TSDeclareFunction") return "Functions";
  if (type === "ClassDeclaration") return "Classes";
  return type === "VariableDeclaration" ? "Constants" : "Types";
}

/** @param {Declaration} declaration */
export function docOfDeclaration({ file, nodes, exportDoc = "" }) {
  return nodes.map((node) => docOf(file, node)).find((doc) => doc !== "") ?? exportDoc;
}

/** How it is called, or what type it has: TypeScript without bodies; empty where its members say all. @param {Declaration} declaration */
export function signatureOf({ name, file, nodes }) {
  const first = inner(nodes[0]);
  switch (first.type) {
    case "FunctionDeclaration":
    case "TSDeclareFunction": {
      // Behind overloads the implementation is nobody's to call.
      const callable = nodes.length === 1 ? nodes : nodes.filter((node) => inner(node).type === "TSDeclareFunction");
      return callable.map((node) => functionText(file, inner(node))).join("\n");
    }
    case "ClassDeclaration": {
      return first.superClass === null ? "" : `class ${name} extends ${textOf(file, first.superClass)} {}`;
    }
    case "VariableDeclaration": {
      const { id, init } = first.declarations.find((each) => each.id.name === name);
      const type = id.typeAnnotation ?? undefined;
      const value = isShort(init, file) ? ` = ${textOf(file, init)}` : "";
      return `const ${name}${type === undefined ? "" : textOf(file, type)}${value};`.replace(/ as const;$/, ";");
    }
    // Its members say all.
    case "TSInterfaceDeclaration":
      return "";
    default:
      return textOf(file, first).replaceAll(/\breadonly (?=[\w"'[]+\??:)/g, "");
  }
}

/** The members of an interface with those that it inherits, of an object type, or of a class. @param {Declaration} declaration @returns {Member[]} */
export function membersOf({ file, nodes: [node] }) {
  const declaration = inner(node);
  switch (declaration.type) {
    case "TSInterfaceDeclaration": {
      const inherited = declaration.extends.flatMap(({ expression }) => {
        const parent = resolveName(file.path, expression.name);
        return parent === undefined ? [] : membersOf(parent);
      });
      const own = declaration.body.body.map((member) => memberOf(file, member));
      return [...own, ...inherited.filter(({ name }) => own.every((each) => each.name !== name))];
    }
    case "TSTypeAliasDeclaration":
      return literalsOf(declaration.typeAnnotation).flatMap(({ members }) =>
        members.map((member) => memberOf(file, member)),
      );
    case "ClassDeclaration":
      return declaration.body.body.flatMap((member) => classMember(file, member));
    default:
      return [];
  }
}

/** What an interface extends that is not ours: Node's options. @param {Declaration} declaration */
export function foreignParentsOf({ file, nodes: [node] }) {
  const { type, extends: parents = [] } = inner(node);
  if (type !== "TSInterfaceDeclaration") return [];
  return parents
    .filter(({ expression }) => resolveName(file.path, expression.name) === undefined)
    .map((parent) => oneLine(textOf(file, parent)));
}

/** Names of types and classes that stand in a declaration. @param {Declaration} declaration */
export function namesUsed({ file, nodes }) {
  const names = new Set();
  const look = (node) => {
    if (Array.isArray(node)) return node.forEach(look);
    if (typeof node !== "object" || node === null) return;
    // A body is not what is documented.
    if (node.type === "BlockStatement") return;
    if (
      node.type === "PropertyDefinition" &&
      (node.accessibility === "private" || node.key.type === "PrivateIdentifier")
    )
      return;
    if (node.type === "TSTypeReference" && node.typeName.type === "Identifier") names.add(node.typeName.name);
    if (node.type === "TSTypeQuery" && node.exprName.type === "Identifier") names.add(node.exprName.name);
    if (node.type === "TSInterfaceHeritage" || node.type === "TSClassImplements") names.add(node.expression.name);
    Object.values(node).forEach(look);
  };
  look(nodes);
  return [...names].map((name) => resolveName(file.path, name)).filter((found) => found !== undefined);
}

/** Object types of a type, but not those within members of them. */
function literalsOf(type) {
  if (type.type === "TSTypeLiteral") return [type];
  if (type.type === "TSUnionType" || type.type === "TSIntersectionType") return type.types.flatMap(literalsOf);
  return type.type === "TSParenthesizedType" ? literalsOf(type.typeAnnotation) : [];
}

/** @returns {Member} */
function memberOf(file, node) {
  const name = node.key === undefined ? textOf(file, node) : textOf(file, node.key);
  return { name, signature: oneLine(textOf(file, node)), doc: docOf(file, node) };
}

/** @returns {Member[]} */
function classMember(file, node) {
  const isOurs = node.key?.type === "PrivateIdentifier" || ["private", "protected"].includes(node.accessibility);
  if (isOurs || node.key === undefined) return [];
  const name = textOf(file, node.key);
  const prefix = `${node.static ? "static " : ""}${node.kind === "get" ? "get " : ""}`;
  const signature =
    node.type === "MethodDefinition" || node.type === "TSAbstractMethodDefinition"
      ? `${prefix}${name}${parametersText(file, node.value)}`
      : `${prefix}${name}${node.typeAnnotation ? textOf(file, node.typeAnnotation) : ""}`;
  return [{ name, signature: oneLine(signature), doc: docOf(file, node) }];
}

function functionText(file, node) {
  return `function ${node.id.name}${parametersText(file, node)};`;
}

/** From the type parameters to the answer's type. */
function parametersText(file, node) {
  const start =
    node.typeParameters?.start ??
    file.text.lastIndexOf("(", node.params[0]?.start ?? node.returnType?.start ?? node.body.start);
  const end = node.returnType?.end ?? node.body?.start ?? node.end;
  return file.text
    .slice(start, end)
    .replaceAll(/\/\/.*$/gm, "")
    .trim();
}

const SHORT_CHARACTERS = 200;

function isShort(init, file) {
  return (
    init !== null &&
    init.type !== "CallExpression" &&
    init.type !== "ArrowFunctionExpression" &&
    init.end - init.start <= SHORT_CHARACTERS &&
    !textOf(file, init).includes("(")
  );
}

const textOf = (file, { start, end }) => file.text.slice(start, end);

function oneLine(text) {
  return text
    .replaceAll(/\/\*\*[\s\S]*?\*\//g, "")
    .replaceAll(/\s+/g, " ")
    .replace(/^(static )?readonly /, "$1")
    .replace(/[;,]$/, "")
    .trim();
}
