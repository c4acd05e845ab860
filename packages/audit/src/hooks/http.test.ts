import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer, get } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ClientEvent, subscribe } from "../event/event.ts";
import { recordOf } from "../event/record.ts";
import { auditTo } from "../sinks/audit-to.ts";
import { auditConnections } from "./connection.ts";
import { formatEcs } from "../formats/ecs.ts";
import { auditHttp } from "./http.ts";
import { formatOtel } from "../formats/otel.ts";
import { jsonLines } from "../sinks/json-lines.ts";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "wherefrom-audit-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);

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

  test("no header is written down unless it was asked for, and then in full privacy only", async () => {
    onTestFinished(auditHttp({ headers: ["X-Forwarded-For", "via"] }));
    const [event] = await heardOf({ "x-forwarded-for": "6.6.6.6, 203.0.113.7", cookie: "secret" });
    expect(event?.request?.headers).toEqual({ "x-forwarded-for": "6.6.6.6, 203.0.113.7" });
    const record = recordOf(event as ClientEvent);
    expect(formatEcs(record)).toMatchObject({ wherefrom: { headers: { "x-forwarded-for": "6.6.6.6, 203.0.113.7" } } });
    expect(formatOtel(record)).toMatchObject({ "http.request.header.x-forwarded-for": ["6.6.6.6, 203.0.113.7"] });
    expect(JSON.stringify(recordOf(event as ClientEvent, "truncated"))).not.toMatch(/6\.6\.6\.6|113\.7|secret/);
    expect(() => auditHttp({ headers: ["Cookie"] })).toThrow(
      'headers names "cookie", which holds a secret: an audit must not',
    );
  });

  async function heardOf(headers: Record<string, string>): Promise<ClientEvent[]> {
    const heard = hear();
    await ask("/", headers);
    return heard;
  }

  test("a sample out of range is refused", () => {
    expect(() => auditHttp({ sample: 1.5 })).toThrow("sample is a number from 0 to 1, not 1.5");
  });

  test("a connection is told when it is closed, and ends as a line in a file", async () => {
    const path = join(directory(), "audit.jsonl");
    const sink = jsonLines(path);
    onTestFinished(() => sink.close());
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

  test("a connection of a server that no policy covers is no event, and no error in its listener", async () => {
    const heard = hear();
    const server = createServer((socket) => socket.end("bye")).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    onTestFinished(auditConnections(server));
    await once(server, "listening");
    const ended = async (): Promise<void> => {
      const accepted = once(server, "connection") as Promise<Socket[]>;
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").resume();
      const [peer] = await accepted;
      await Promise.all([once(socket, "close"), once(peer!, "close")]);
    };
    await ended();
    expect(heard).toEqual([]);
    wherefrom(server, compilePolicy({ trust: [] }));
    await ended();
    expect(heard.map(({ resolution }) => resolution.client?.address)).toEqual(["127.0.0.1"]);
  });
});
