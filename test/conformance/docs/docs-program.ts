import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { type CodeBlock, ROOT } from "./code-block.ts";

/** Inside of the workspace, so that its packages are found; ignored by git. Each process of tests has its own. */
const DIRECTORY = join(import.meta.dirname, ".blocks", String(process.pid));
const COMPILER = join(ROOT, "node_modules", "typescript", "bin", "tsc");

/** What the programs of the docs read from their environment. */
const ENVIRONMENT = {
  PORT: "0",
  NODE_OPTIONS: "",
  ORIGIN_SECRET: "correct horse battery",
  OLD_SECRET: "correct horse battery",
  NEW_SECRET: "staple correct horse",
  AUDIT_KEY: "0123456789abcdef0123456789abcdef",
};

/** The files that they read, by their names. */
const FILES = {
  "ips-v4": "173.245.48.0/20\n103.21.244.0/22\n",
  "ips-v6": "2400:cb00::/32\n",
  "ranges.txt": "192.0.2.0/24\n2001:db8::/32\n",
};

/** The file that a block becomes, without its ending. */
function nameOf({ page, line }: CodeBlock): string {
  return `${page.replaceAll(/[^a-z0-9]+/gi, "-")}-${line}`;
}

/** Compiles all blocks in one run. Answers the compiler's complaints by block; none where it has none. The programs stay until `removePrograms`. */
export function compileBlocks(blocks: readonly CodeBlock[]): ReadonlyMap<CodeBlock, readonly string[]> {
  removePrograms();
  mkdirSync(DIRECTORY, { recursive: true });
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(DIRECTORY, name), text);
  for (const block of blocks) writeFileSync(join(DIRECTORY, `${nameOf(block)}.ts`), `${block.text}\nexport {};\n`);
  const options = {
    extends: join(ROOT, "tsconfig.base.json"),
    compilerOptions: {
      composite: false,
      emitDeclarationOnly: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
      sourceMap: false,
      noEmitOnError: false,
      // Declarations of frameworks want other options than ours.
      skipLibCheck: true,
      rootDir: ROOT,
      outDir: join(DIRECTORY, "out"),
      noPropertyAccessFromIndexSignature: false,
    },
    include: ["*.ts"],
  };
  writeFileSync(join(DIRECTORY, "tsconfig.json"), JSON.stringify(options));
  const { stdout, status } = spawnSync(process.execPath, [COMPILER, "-p", DIRECTORY, "--pretty", "false"], {
    encoding: "utf8",
    cwd: DIRECTORY,
    maxBuffer: 2 ** 26,
  });
  const complaints = new Map<CodeBlock, string[]>();
  const byName = new Map(blocks.map((block) => [nameOf(block), block]));
  for (const text of stdout.split("\n")) {
    const [, name, line, what] = /^([^(]+)\.ts\((\d+),\d+\): (.*)$/.exec(text) ?? [];
    const block = name === undefined ? undefined : byName.get(name);
    if (block === undefined) continue;
    complaints.set(block, [...(complaints.get(block) ?? []), `line ${block.line + Number(line)}: ${what}`]);
  }
  if (status !== 0 && complaints.size === 0) throw new Error(`tsc ended with ${status}\n${stdout}`);
  return complaints;
}

export function removePrograms(): void {
  rmSync(DIRECTORY, { recursive: true, force: true });
}

/** What a program of the docs did: where its first server listens, or that it ended. */
interface Outcome {
  readonly listens?: { readonly kind: string; readonly port: number };
  readonly code?: number | null;
}

/** Runs a compiled block on free ports, and visits it, by default with one question, if it listens. Throws with what it wrote where it ends badly, or answers badly. */
export async function runBlock(
  block: CodeBlock,
  visit: (listens: NonNullable<Outcome["listens"]>) => Promise<void> = (listens) => ask(block, listens),
): Promise<void> {
  const program = join(DIRECTORY, "out", relative(ROOT, DIRECTORY), `${nameOf(block)}.js`);
  const child = spawn(process.execPath, ["--import", join(import.meta.dirname, "report-port.mjs"), program], {
    cwd: DIRECTORY,
    env: { ...process.env, ...ENVIRONMENT },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text) => (errors += String(text)));
  const ended = once(child, "close") as Promise<[number | null]>;
  try {
    const { listens, code } = await outcomeOf(child, ended);
    if (listens === undefined) {
      if (code !== 0) throw new Error(`ended with ${code}\n${errors}`);
    } else await visit(listens);
  } catch (error) {
    throw new Error(`${String(error)}\n${errors}`, { cause: error });
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

async function outcomeOf(child: ChildProcess, ended: Promise<[number | null]>): Promise<Outcome> {
  const listening = new Promise<Outcome>((settle) => {
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const [, kind = "", address = ""] = /^LISTENING (\w+) (\{.*\})$/.exec(line) ?? [];
      if (address !== "") settle({ listens: { kind, port: (JSON.parse(address) as { port: number }).port } });
    });
  });
  return await Promise.race([listening, ended.then(([code]) => ({ code }))]);
}

/** An HTTP server answers; of others, and of those that only balancers may reach, it is known that they take a connection. */
async function ask({ text }: CodeBlock, { kind, port }: NonNullable<Outcome["listens"]>): Promise<void> {
  if (kind === "udp") return;
  // Servers of WebSockets alone answer no plain request.
  const isPlain = !/from "(?:ws|socket\.io)"/.test(text);
  if (
    isPlain &&
    !text.includes('proxyProtocol: "required"') &&
    /from "(express|fastify|koa|hono|node:http)"/.test(text)
  ) {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    if (answer.status >= 500) throw new Error(`answers ${answer.status}: ${await answer.text()}`);
    return;
  }
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
}
