import { createServer } from "node:http";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";
import { describe, expect, test } from "vitest";
import { type Answer, policy, PROVEN, listen, send, request, answering } from "./answer.ts";

describe("what node:http lets through", () => {
  const REAL = compilePolicy({ trust: ["127.0.0.1"], from: "x-real-ip" });

  async function ask(
    options: Parameters<typeof createServer>[0],
    lines: readonly string[],
    under = policy,
  ): Promise<Answer | number | undefined> {
    return send(await listen(wherefrom(createServer(options ?? {}, answering), under)), request(lines));
  }
  const LENIENT = { insecureHTTPParser: true };

  test("with `joinDuplicateHeaders` a single value that came twice is still none", async () => {
    const twice = ["X-Real-IP: 203.0.113.66", "X-Real-IP: 203.0.113.7"];
    for (const joinDuplicateHeaders of [true, false]) {
      expect(await ask({ joinDuplicateHeaders }, twice, REAL)).toMatchObject({ stop: "conflict" });
      const from = compilePolicy({ trust: ["127.0.0.1"], from: { header: "from", form: "address" } });
      expect(await ask({ joinDuplicateHeaders }, ["From: 203.0.113.66", "From: 203.0.113.7"], from)).toMatchObject({
        stop: "conflict",
      });
      expect(await ask({ joinDuplicateHeaders }, ["X-Forwarded-For: 203.0.113.66", PROVEN])).toMatchObject({
        client: "203.0.113.7",
      });
    }
  });

  test.each([
    ["a line that goes on in the next", ["X-Real-IP: 203.0.113.7,", " 203.0.113.66"]],
    ["a line that is empty and goes on in the next", ["X-Real-IP:", " 203.0.113.66", "X-Real-IP: 203.0.113.7"]],
    ["a NUL", ["X-Real-IP: 203.0.113.66\0"]],
    ["a bare line feed", ["X-Real-IP: 203.0.113.66\nX-Real-IP: 203.0.113.7"]],
    ["a bare carriage return", ["X-Real-IP: 203.0.113.66\rX-Real-IP: 203.0.113.7"]],
    ["a space before the colon", ["X-Real-IP : 203.0.113.66", "X-Real-IP: 203.0.113.7"]],
    ["a tab before the colon", ["X-Real-IP\t: 203.0.113.66", "X-Real-IP: 203.0.113.7"]],
  ])("%s never proves what the client wrote, with a lenient parser or a strict one", async (_title, lines) => {
    for (const options of [LENIENT, {}]) {
      const answer = await ask(options, lines, REAL);
      expect(JSON.stringify(answer)).not.toContain('"client":"203.0.113.66"');
    }
  });

  test("a list that goes on in the next line ends with what the proxy wrote there", async () => {
    const answer = await ask(LENIENT, ["X-Forwarded-For: 203.0.113.66,", " 203.0.113.7"]);
    expect([400, "203.0.113.7"]).toContain(typeof answer === "object" ? answer.client : answer);
  });
});
