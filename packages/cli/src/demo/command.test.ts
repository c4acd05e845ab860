import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { playDemo } from "./command.ts";
import { type Loopback, readLoopback } from "./loopback.ts";
import { formatCurl } from "./program.ts";
import { findFaults, perform, type Scene } from "./scene.ts";
import { scenesOf } from "./scenes.ts";
import { openStage, type Stage } from "./stage.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** How long the demo may take to say that it serves, in milliseconds: a loaded machine is slow. */
const PATIENCE_MS = 30_000;

class Recorder implements Terminal {
  readonly lines: string[] = [];
  hasColors = false;
  interruption = async (): Promise<void> => {};
  readonly out = (text: string): void => void this.lines.push(...text.split("\n"));
  readonly err = (text: string): void => void this.lines.push(`error: ${text}`);
}

const here = await readLoopback();
const hasIpv6 = here.visitor6 !== undefined;
const play = async (
  options: { json?: boolean; serve?: boolean },
  loopback: Loopback,
  terminal: Recorder,
): Promise<number> => playDemo({ json: false, serve: false, ...options }, loopback, terminal);

async function withStage<T>(loopback: Loopback, use: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await openStage(loopback);
  try {
    return await use(stage);
  } finally {
    await stage.close();
  }
}

describe("the demo on this machine", () => {
  test("shows every request, the answer and its proof, and finds itself right", async () => {
    const terminal = new Recorder();
    expect(await play({}, here, terminal)).toBe(0);
    const text = terminal.lines.join("\n");
    expect(text).toContain("answers are as expected.");
    expect(text).not.toContain("WRONG");
    expect(text).not.toContain("\u001b");
    const count = text.match(/^\d+\. /gm)?.length ?? 0;
    expect(count).toBeGreaterThanOrEqual(4);
    for (const part of [/^ {3}\$ curl --interface /gm, /^ {3}client {3}/gm, /^ {3}why {6}/gm, /^ {3}hop 0 {4}/gm]) {
      expect(text.match(part)).toHaveLength(count);
    }
  });

  test("--json writes one object for each request, and nothing else", async () => {
    const terminal = new Recorder();
    expect(await play({ json: true }, here, terminal)).toBe(0);
    const rows = terminal.lines.map((line) => JSON.parse(line) as { ok: boolean; stop: string; hops: unknown[] });
    expect(rows.length).toBeGreaterThanOrEqual(4);
    expect(rows.every(({ ok, hops }) => ok && hops.length > 0)).toBe(true);
    expect(new Set(rows.map(({ stop }) => stop))).toContain("malformed-hop");
  });

  test("colours change nothing but colours", async () => {
    const [plain, colored] = [new Recorder(), new Recorder()];
    colored.hasColors = true;
    await play({}, here, plain);
    await play({}, here, colored);
    const withoutPorts = (lines: string[]): string[] =>
      // oxlint-disable-next-line no-control-regex
      lines.map((line) => line.replace(/\u001b\[\d+m/g, "").replace(/(?<=[\d\]]):\d{4,5}\b *|(?<=^ *hop.*?) +/g, ""));
    expect(colored.lines.join("")).toContain("\u001b[");
    expect(withoutPorts(colored.lines)).toEqual(withoutPorts(plain.lines));
  });

  test("--serve answers curl in words until it is interrupted, and leaves nothing behind", async () => {
    const terminal = new Recorder();
    let interrupt = (): void => {};
    terminal.interruption = () => new Promise((settle) => (interrupt = settle));
    const over = play({ serve: true }, here, terminal);
    await expect.poll(() => terminal.lines.join("\n"), { timeout: PATIENCE_MS }).toContain("until Ctrl-C");
    const url = /curl .*?(http:\S+)/.exec(terminal.lines.join("\n"))?.[1] ?? "";
    const answer = await new Promise<string>((settle, fail) => {
      request(url, { localAddress: here.visitor, agent: false }, (response) =>
        response.setEncoding("utf8").once("data", settle),
      )
        .once("error", fail)
        .end();
    });
    expect(answer).toMatch(new RegExp(`^client ${here.visitor}, named by x-forwarded-for`));
    interrupt();
    expect(await over).toBe(0);
    await expect(new Promise((settle, fail) => request(url, settle).once("error", fail).end())).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });
});

describe("the demo on machines with fewer addresses", () => {
  const onlyHas =
    (...addresses: string[]) =>
    async (address: string): Promise<boolean> =>
      addresses.includes(address);

  test.runIf(hasIpv6)("with 127.0.0.1 and ::1 the visitor comes over IPv6, forgeries included", async () => {
    const loopback = await readLoopback(onlyHas("127.0.0.1", "::1"));
    expect(loopback.kind).toBe("families");
    const terminal = new Recorder();
    expect(await play({}, loopback, terminal)).toBe(0);
    const text = terminal.lines.join("\n");
    expect(text).toContain("This computer has only the loopback addresses 127.0.0.1 and ::1");
    expect(text).toMatch(/\d\. X-Forwarded-For spoofed, sent directly to the service/);
    expect(text).toContain("All 8 answers are as expected.");
  });

  test("with 127.0.0.1 alone it says what it cannot show", async () => {
    const loopback = await readLoopback(onlyHas("127.0.0.1"));
    expect(loopback.kind).toBe("single");
    const terminal = new Recorder();
    expect(await play({}, loopback, terminal)).toBe(0);
    const text = terminal.lines.join("\n");
    expect(text).toContain("This computer has one loopback address");
    expect(text).toContain("All 4 answers are as expected. 4 skipped (no extra loopback addresses).");
    expect(text).not.toContain("forged, through");
  });
});

describe("the demo checks itself", () => {
  test("an answer that is not the expected one is a fault in each respect", async () => {
    await withStage(here, async (stage) => {
      const [scene] = scenesOf(stage).scenes as [Scene];
      const answer = await perform(scene);
      const { expected } = scene;
      expect(findFaults(answer, expected)).toEqual([]);
      expect(findFaults(answer, { ...expected, client: "203.0.113.66" })).toEqual([
        `client: expected "203.0.113.66", got "${here.visitor}"`,
      ]);
      expect(findFaults(answer, { ...expected, stop: "self" })).toHaveLength(1);
      expect(findFaults(answer, { ...expected, hops: [] })).toHaveLength(1);
      expect(findFaults(answer, { ...expected, warnings: ["claim-unread"] })).toHaveLength(1);
      expect(findFaults({ ...answer, ip: "203.0.113.66" }, expected)).toEqual([
        `req.ip: expected ${here.visitor}, got 203.0.113.66`,
      ]);
    });
  });

  test("a wrong answer is shown, and the exit code is 1", async () => {
    // A visitor with a proxy's address is believed, and then no answer is as it should be.
    const terminal = new Recorder();
    expect(await play({}, { ...here, visitor: here.edge, kind: "aliases" }, terminal)).toBe(1);
    const text = terminal.lines.join("\n");
    expect(text).toContain("WRONG    stop: expected");
    expect(text).toContain("answers are not as expected.");
  });

  test("a machine that does not answer is an error that names it", async () => {
    const scene = await withStage(here, async (stage) => (scenesOf(stage).scenes as [Scene])[0]);
    await expect(perform(scene)).rejects.toThrow("ECONNREFUSED");
  });
});

test("the demo's curl lines survive a shell", () => {
  const scene = {
    url: "http://[::1]:80/",
    from: "::1",
    headers: { "X-Forwarded-For": `it's "x"` },
  } as unknown as Scene;
  expect(formatCurl(scene)).toBe(`curl --interface ::1 -H 'X-Forwarded-For: it'\\''s "x"' 'http://[::1]:80/'`);
});
