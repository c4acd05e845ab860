import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { compilePolicy, type Connection, type Policy, type PolicyOptions, resolve } from "@wherefrom/core";
import { readProxyHeaders } from "@wherefrom/core/wire";
import { describe, expect, test } from "vitest";

/** One value of another project's own tests: test/vectors/README.md says what each kind asks. */
interface Row {
  readonly id: string;
  readonly kind: "pp" | "xff" | "path" | "compile" | "peers" | "forwarded-valid" | "skip";
  readonly name?: string;
  readonly hex?: string;
  readonly header?: string;
  readonly peers?: readonly string[];
  readonly text?: string;
  readonly policy?: PolicyOptions;
  readonly peer?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly expected: unknown;
}

const DIRECTORY = new URL("../../vectors/peers/", import.meta.url);
const SUITES = [
  "aspnetcore",
  "fastify-proxy-addr",
  "forwarded-parse",
  "go-proxyproto",
  "nginx",
  "proxy-addr",
  "uvicorn",
] as const;
const DIFFERENCES = JSON.parse(readFileSync(new URL("differences.json", DIRECTORY), "utf8")) as Readonly<
  Record<string, string>
>;

function rowsOf(suite: string): readonly Row[] {
  const lines = readFileSync(new URL(`${suite}.jsonl`, DIRECTORY), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => JSON.parse(line) as Row);
}

/** What these suites trust is often everything; the service is then reached by nothing else. */
function policyOf(options: PolicyOptions): Policy {
  const isOpen = "hops" in options || ("trust" in options && (options.trust as readonly string[]).length > 0);
  const open = { ...options, originIsPrivate: true, origin: ["x-forwarded-proto"] } as PolicyOptions;
  return compilePolicy(isOpen ? open : options);
}

function isCompiled(options: PolicyOptions): boolean {
  try {
    policyOf(options);
    return true;
  } catch {
    return false;
  }
}

/** Our answer in the row's words, of those that the row expects. */
function answerOf(row: Row): unknown {
  switch (row.kind) {
    case "pp": {
      const reading = readProxyHeaders(Buffer.from(row.hex as string, "hex"));
      const claim = reading.state === "header" ? reading.claims[0] : undefined;
      return {
        ok: claim !== undefined,
        ip: claim?.endpoint?.address,
        port: claim?.endpoint?.port,
        dst: claim?.destination?.address,
        says: claim?.says,
        length: reading.state === "header" ? reading.length : undefined,
      };
    }
    case "xff": {
      if (!isCompiled(row.policy as PolicyOptions)) return {};
      const { client, nearest, origin } = ask(row.policy as PolicyOptions, row.peer ?? undefined, row.headers ?? {});
      const { address, port } = client ?? nearest ?? {};
      return { ip: address, clientPort: port, protocol: origin.protocol };
    }
    case "path":
      return ask(row.policy as PolicyOptions, row.peer ?? undefined, row.headers ?? {}).hops.map(
        ({ endpoint }) => endpoint?.address,
      );
    case "compile":
      return isCompiled(row.policy as PolicyOptions) ? "ok" : "refused";
    case "peers":
      return ask(
        row.peers?.length === 0 ? { trust: [] } : { trust: row.peers ?? [], from: "x-forwarded-for" },
        row.text,
      ).hops[0]?.verdict.trusted;
    case "forwarded-valid":
      return (
        ask({ trust: ["10.0.0.1"], from: "forwarded" }, "10.0.0.1", { forwarded: row.header as string }).stop !==
        "malformed-hop"
      );
    case "skip":
      return row.expected;
  }
}

function ask(options: PolicyOptions, peer: string | undefined, headers: Readonly<Record<string, string>> = {}) {
  const connection: Connection =
    peer === "unix"
      ? { transport: "unix", peer: undefined, peerPort: undefined, claims: [] }
      : { transport: "tcp", peer, peerPort: undefined, claims: [] };
  return resolve({ connection, headers }, policyOf(options));
}

function agrees(row: Row): boolean {
  const answer = answerOf(row);
  const { expected } = row;
  if (typeof expected !== "object" || expected === null) return answer === expected;
  if (Array.isArray(expected)) return isDeepStrictEqual(answer, expected);
  return Object.entries(expected).every(
    ([key, value]) => (answer as Record<string, unknown>)[key] === (value ?? undefined),
  );
}

describe.each(SUITES)("values of %s's own tests", (suite) => {
  test("each is answered as there, or is a named difference that still differs", () => {
    const rows = rowsOf(suite);
    const different = rows.filter((row) => !agrees(row)).map(({ id }) => id);
    expect(rows.length).toBeGreaterThan(0);
    expect(different).toEqual(Object.keys(DIFFERENCES).filter((id) => id.startsWith(`${suite}-`)));
  });
});
