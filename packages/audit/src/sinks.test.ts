import { once } from "node:events";
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, get } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ClientEvent, subscribe } from "./audit-event.ts";
import { auditConnections } from "./connection-audit.ts";
import { auditHttp } from "./http-audit.ts";
import { auditTo, jsonLines, type JsonLinesOptions } from "./json-lines.ts";
import { LineSink } from "./line-sink.ts";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function open(path: string, options: JsonLinesOptions = {}): { sink: LineSink; troubles: string[] } {
  const troubles: string[] = [];
  const sink = jsonLines(path, { retryMs: 20, onTrouble: (trouble) => troubles.push(trouble), ...options });
  onTestFinished(() => sink.close());
  return { sink, troubles };
}

const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);

describe("a file of lines", () => {
  test("is its owner's alone, in a directory that is made, and goes on where it ended", async () => {
    const path = join(directory(), "deep", "audit.jsonl");
    const { sink } = open(path);
    sink.write('{"n":1}');
    sink.write('{"n":2}');
    await sink.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = open(path).sink;
    again.write('{"n":3}');
    await again.flush();
    expect(linesOf(path)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(again.status).toEqual({ written: 1, lost: 0, waitingBytes: 0, trouble: undefined });
  });

  test("is put aside at its size, and the oldest beyond those that are kept goes", async () => {
    const where = directory();
    const { sink } = open(join(where, "audit.jsonl"), { rotateSize: "1K", keptFiles: 2 });
    for (let n = 0; n < 60; n++) {
      sink.write(`{"n":${n},"pad":"${"x".repeat(80)}"}`);
      await sink.flush();
    }
    await sink.close();
    expect(
      readdirSync(where)
        .filter((name) => name.startsWith("audit.jsonl.") && !name.endsWith(".txt"))
        .toSorted(),
    ).toEqual(["audit.jsonl.1", "audit.jsonl.2"]);
    const kept = ["audit.jsonl.2", "audit.jsonl.1", "audit.jsonl"].flatMap((name) => linesOf(join(where, name)));
    const numbers = kept.map((line) => (JSON.parse(line) as { n: number }).n);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 60 - numbers.length + index));
  });

  test("that cannot be written is an error at once", () => {
    const where = directory();
    writeFileSync(join(where, "file"), "");
    expect(() => jsonLines(join(where, "file", "audit.jsonl"))).toThrow(/ENOTDIR|EEXIST/);
  });
});

describe("any stream", () => {
  test("on a full disk keeps the newest lines within the limit, says what was lost, and goes on when there is room", async () => {
    const path = join(directory(), "audit.jsonl");
    let target = "/dev/full";
    const troubles: string[] = [];
    const sink = new LineSink("the disk", () => createWriteStream(target, { flags: "a" }), {
      queueLimitBytes: 100,
      retryMs: 20,
      onTrouble: (trouble) => troubles.push(trouble),
    });
    for (let n = 0; n < 50; n++) sink.write(`{"line":${10 + n}}`);
    await expect.poll(() => sink.status.trouble).toMatch(/ENOSPC/);
    expect(sink.status).toMatchObject({ written: 0, lost: 42, waitingBytes: 96 });
    target = path;
    await expect.poll(() => sink.status.trouble).toBeUndefined();
    await sink.close();
    expect(linesOf(path)).toEqual(Array.from({ length: 8 }, (_, index) => `{"line":${52 + index}}`));
    expect(troubles).toEqual([
      expect.stringMatching(/^the disk: ENOSPC.*; lines wait, and the oldest are lost$/),
      expect.stringMatching(/^the disk: written again; \d+ lines were lost$/),
    ]);
  });

  test("that hangs is given up, and another one is opened", async () => {
    const texts: string[] = [];
    let opened = 0;
    const sink = new LineSink(
      "a sink",
      () => {
        const hangs = opened++ === 0;
        return new Writable({
          write: (chunk, _encoding, done) => {
            if (hangs) return;
            texts.push(String(chunk));
            done();
          },
        });
      },
      { hangMs: 30, retryMs: 10, onTrouble: () => {} },
    );
    sink.write("one");
    await expect.poll(() => texts).toEqual(["one\n"]);
    await sink.close();
    expect(opened).toBe(2);
  });

  test("that cannot be opened again is tried again and again", async () => {
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error("gone")) });
    let opened = 0;
    const texts: string[] = [];
    const sink = new LineSink(
      "a sink",
      () => {
        opened++;
        if (opened === 1) return failing;
        if (opened < 4) throw new Error("still gone");
        return new Writable({ write: (chunk, _encoding, done) => (texts.push(String(chunk)), done()) });
      },
      { retryMs: 5, onTrouble: () => {} },
    );
    sink.write("one");
    await expect.poll(() => texts).toEqual(["one\n"]);
    expect(sink.status).toMatchObject({ written: 1, lost: 0, trouble: undefined });
    await sink.close();
    sink.write("late");
    expect(sink.status.lost).toBe(1);
  });
});

describe("events of real servers", () => {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });

  function hear(): ClientEvent[] {
    const heard: ClientEvent[] = [];
    onTestFinished(subscribe(["client.resolved", "client.rejected"], (event) => heard.push(event)));
    return heard;
  }

  async function ask(path: string, headers: Record<string, string> = {}, isCovered = true): Promise<void> {
    const server = createHttpServer((_request, response) => {
      response.statusCode = path === "/no" ? 404 : 200;
      response.setHeader("content-length", 2).end("ok");
    });
    if (isCovered) wherefrom(server, policy);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const request = get({
      port: (server.address() as AddressInfo).port,
      host: "127.0.0.1",
      path,
      headers,
      agent: false,
    });
    const [response] = (await once(request, "response")) as [NodeJS.ReadableStream];
    response.resume();
    await once(response, "end");
    server.close();
  }

  test("a request is told when its response is finished, without its query", async () => {
    onTestFinished(auditHttp());
    const heard = hear();
    await ask("/path?secret=1", { "x-forwarded-for": "203.0.113.7", "user-agent": "test" });
    expect(heard).toMatchObject([
      {
        name: "client.resolved",
        transport: "tcp",
        outcome: "success",
        request: { method: "GET", path: "/path", status: 200, userAgent: "test", httpVersion: "1.1", bytes: 2 },
        local: { address: "127.0.0.1" },
      },
    ]);
    expect(heard[0]?.resolution.client?.address).toBe("203.0.113.7");
  });

  test("a claim that is none is told as rejected, too, and whatever the sample is", async () => {
    onTestFinished(auditHttp({ sample: 0 }));
    const heard = hear();
    await ask("/no", { "x-forwarded-for": "garbage" });
    expect(heard.map(({ name, reason, outcome }) => [name, reason, outcome])).toEqual([
      ["client.rejected", "malformed-hop", "failure"],
    ]);
  });

  test("a server without a policy is nobody's business", async () => {
    onTestFinished(auditHttp());
    const heard = hear();
    await ask("/", {}, false);
    expect(heard).toEqual([]);
  });

  test("a sample out of range is refused", () => {
    expect(() => auditHttp({ sample: 1.5 })).toThrow("sample is a number from 0 to 1, not 1.5");
  });

  test("a connection is told when it is closed, and ends as a line in a file", async () => {
    const path = join(directory(), "audit.jsonl");
    const { sink } = open(path);
    onTestFinished(auditTo(sink, { privacy: "truncated" }));
    const server = wherefrom(
      createServer((socket) => socket.end("bye")),
      compilePolicy({ trust: [] }),
    ).listen(0, "127.0.0.1");
    const stop = auditConnections(server);
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").resume();
    await once(socket, "close");
    await expect.poll(() => sink.status.written).toBe(1);
    stop();
    server.close();
    expect(JSON.parse(linesOf(path)[0]!)).toMatchObject({
      event: { action: "client.resolved", outcome: "success" },
      source: { ip: "127.0.0.0" },
      http: { response: { body: { bytes: 3 } } },
    });
  });
});
