import { execFileSync } from "node:child_process";
import { parsePrefix, type Prefix } from "@wherefrom/core";
import { TOA_PRODUCTS } from "@wherefrom/core/wire";

/** The chain of table mangle that removes the options. */
export const CHAIN = "WHEREFROM-TOA";

/** Kinds of all products that we know. */
export const TOA_KINDS: readonly number[] = [
  ...new Set(Object.values(TOA_PRODUCTS).flatMap(({ options }) => options.map(({ kind }) => kind))),
].toSorted((a, b) => a - b);

/** The programs, and the prefixes of their family. */
const TABLES = [
  { program: "iptables", family: 4 },
  { program: "ip6tables", family: 6 },
] as const;

/** Runs `program`; throws with what it wrote. Tests bring their own. */
export type Run = (program: string, args: readonly string[], input?: string) => void;

const runProgram: Run = (program, args, input = "") => {
  // Debian keeps it in /usr/sbin, which is not on every user's PATH.
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  execFileSync(program, args, { input, stdio: ["pipe", "ignore", "pipe"], encoding: "utf8", env });
};

/** The prefixes that `text` lists with commas, or the first word that is none. */
export function readPrefixes(text: string): readonly Prefix[] | string {
  const words = text.split(",");
  const prefixes = words.map(parsePrefix);
  const wrong = prefixes.indexOf(undefined);
  return wrong < 0 ? (prefixes as Prefix[]) : `"${words[wrong]}"`;
}

/**
 * From now on TCP options of these kinds are removed from packets that come to this network namespace from senders outside `trusted`, before any NAT. Throws where
 * the chain is there already, and leaves nothing half done.
 */
export function installFilter(trusted: readonly string[], kinds: readonly number[], run: Run = runProgram): void {
  const done: (() => void)[] = [];
  try {
    for (const { program, family } of TABLES) {
      const table = (...args: string[]): void => run(program, ["-w", "-t", "mangle", ...args]);
      table("-N", CHAIN);
      done.push(() => uninstall(program, run));
      for (const prefix of trusted.filter((text) => parsePrefix(text)?.family === family)) {
        table("-A", CHAIN, "-s", prefix, "-j", "RETURN");
      }
      table("-A", CHAIN, "-p", "tcp", "-j", "TCPOPTSTRIP", "--strip-options", kinds.join(","));
      table("-I", "PREROUTING", "-p", "tcp", "-j", CHAIN);
    }
  } catch (error) {
    for (const undo of done) undo();
    throw error;
  }
}

/** As `installFilter`; a filter that is there already becomes this one at once, without a moment in which there is none. */
export function replaceFilter(trusted: readonly string[], kinds: readonly number[], run: Run = runProgram): void {
  for (const { program, family } of TABLES) {
    const prefixes = trusted.filter((text) => parsePrefix(text)?.family === family);
    const rules = [
      ...prefixes.map((prefix) => `-A ${CHAIN} -s ${prefix} -j RETURN`),
      `-A ${CHAIN} -p tcp -j TCPOPTSTRIP --strip-options ${kinds.join(",")}`,
    ];
    // A chain that is named is emptied, and all is one change: iptables-restore(8).
    run(`${program}-restore`, ["-w", "--noflush"], ["*mangle", `:${CHAIN} - [0:0]`, ...rules, "COMMIT", ""].join("\n"));
    const jump = ["PREROUTING", "-p", "tcp", "-j", CHAIN];
    try {
      run(program, ["-w", "-t", "mangle", "-C", ...jump]);
    } catch {
      run(program, ["-w", "-t", "mangle", "-I", ...jump]);
    }
  }
}

/** Answers whether there was one. */
export function removeFilter(run: Run = runProgram): boolean {
  return TABLES.map(({ program }) => uninstall(program, run)).includes(true);
}

function uninstall(program: string, run: Run): boolean {
  const attempt = (...args: string[]): boolean => {
    try {
      run(program, ["-w", "-t", "mangle", ...args]);
      return true;
    } catch {
      return false;
    }
  };
  attempt("-D", "PREROUTING", "-p", "tcp", "-j", CHAIN);
  return attempt("-F", CHAIN) && attempt("-X", CHAIN);
}
