// npm run bytecode: compiles the programs of bpf/ with clang into addon/bpf/bytecode.h, which is committed: who builds the addon needs no clang.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NATIVE } from "./build.mjs";

export const BYTECODE = join(NATIVE, "addon", "bpf", "bytecode.h");
const SOURCES = ["toa.bpf.c", "toa_compat.bpf.c", "opp.bpf.c"].map((name) => join(NATIVE, "bpf", name));
/** The module that tests stand beside one of. */
const MODULE = join(NATIVE, "..", "test", "e2e", "bed");
export const MODULE_BYTECODE = join(MODULE, "toa_module_bytecode.h");
export const MODULE_SOURCES = [join(MODULE, "toa_module.bpf.c")];
/** Byte for byte the same comes from the same compiler only. */
export const CLANG_MAJOR = 14;
const TARGET = ["-O2", "-target", "bpf", "-mcpu=v2", "-Wall", "-Wextra", "-Werror"];

/** Why the bytecode cannot be made anew here, or undefined. */
export function whyUncompilable() {
  const { status, stdout } = spawnSync("clang", ["--version"], { encoding: "utf8" });
  if (status !== 0) return "clang is not installed: apt-get install clang";
  const major = Number(/version (\d+)/.exec(stdout)?.[1]);
  return major === CLANG_MAJOR ? undefined : `clang ${CLANG_MAJOR} made the committed bytecode; this is ${major}`;
}

/** The header's text, from the sources; others' sources bring their own. */
export function compileBytecode(sources = SOURCES) {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-bpf-"));
  try {
    const triple = execFileSync("cc", ["-dumpmachine"], { encoding: "utf8" }).trim();
    const objects = sources.map((source) => {
      const object = join(directory, "program.o");
      execFileSync("clang", [...TARGET, `-I/usr/include/${triple}`, "-c", source, "-o", object]);
      return readObject(readFileSync(object));
    });
    return headerOf(objects);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** ELF64, little-endian (gABI, chapters 4 and 5): sections of code, their functions, and where they name maps. */
function readObject(object) {
  const at = Number(object.readBigUInt64LE(40));
  const [size, count, names] = [58, 60, 62].map((offset) => object.readUInt16LE(offset));
  const sections = Array.from({ length: count }, (_, index) => {
    const from = at + index * size;
    const long = (offset) => Number(object.readBigUInt64LE(from + offset));
    return {
      name: object.readUInt32LE(from),
      type: object.readUInt32LE(from + 4),
      start: long(24),
      bytes: long(32),
      link: object.readUInt32LE(from + 40),
      info: object.readUInt32LE(from + 44),
    };
  });
  const text = (table, offset) => {
    const from = sections[table].start + offset;
    return object.toString("latin1", from, object.indexOf(0, from));
  };
  const symbolTable = sections.find(({ type }) => type === 2);
  const symbols = Array.from({ length: symbolTable.bytes / 24 }, (_, index) => {
    const from = symbolTable.start + index * 24;
    return {
      name: text(symbolTable.link, object.readUInt32LE(from)),
      type: object[from + 4] & 15,
      section: object.readUInt16LE(from + 6),
    };
  });
  const isMap = ({ section }) => section < count && text(names, sections[section].name) === "maps";
  const maps = symbols.filter((symbol) => isMap(symbol) && symbol.type === 1).map(({ name }) => name);
  const programs = symbols
    .filter(({ type }) => type === 2)
    .map(({ name, section }) => {
      const { start, bytes } = sections[section];
      const references = sections
        .filter(({ type, info }) => type === 9 && info === section)
        .flatMap((table) => Array.from({ length: table.bytes / 16 }, (_, index) => table.start + 16 * index))
        .map((from) => ({
          instruction: Number(object.readBigUInt64LE(from)) / 8,
          map: symbols[object.readUInt32LE(from + 12)].name,
        }));
      const code = Array.from({ length: bytes / 8 }, (_, index) => object.readBigUInt64LE(start + 8 * index));
      return { name, code, references };
    });
  return { maps, programs };
}

/** Maps of one name are one map. */
function headerOf(objects) {
  const maps = [...new Set(objects.flatMap((object) => object.maps))];
  const lines = [
    "/* Made of the bpf sources by scripts/bytecode.mjs: do not edit. */",
    "#ifndef WHEREFROM_TOA_BYTECODE_H",
    "#define WHEREFROM_TOA_BYTECODE_H",
    "",
    "#include <stdint.h>",
    "",
    "/* Where an instruction names a map. */",
    "struct bytecode_reference {",
    "  uint16_t instruction;",
    "  uint16_t map;",
    "};",
    "",
    ...maps.map((name, index) => `#define MAP_${name.toUpperCase()} ${index}`),
    `#define MAPS ${maps.length}`,
  ];
  for (const { name, code, references } of objects.flatMap((object) => object.programs)) {
    const rows = Array.from({ length: Math.ceil(code.length / 6) }, (_, row) =>
      code
        .slice(6 * row, 6 * row + 6)
        .map((word) => `0x${word.toString(16).padStart(16, "0")},`)
        .join(" "),
    );
    const places = references.map(({ instruction, map }) => `{${instruction}, ${maps.indexOf(map)}}`);
    lines.push(
      "",
      `/* ${code.length} instructions. */`,
      `static const uint64_t ${name}_code[] = {`,
      ...rows.map((row) => `    ${row}`),
      "};",
      `static const struct bytecode_reference ${name}_references[] = {${places.join(", ")}};`,
    );
  }
  return [...lines, "", "#endif", ""].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(BYTECODE, compileBytecode());
  writeFileSync(MODULE_BYTECODE, compileBytecode(MODULE_SOURCES));
  console.log(`${BYTECODE}\n${MODULE_BYTECODE}`);
}
