import { connect as connectHttp2, createServer as createHttp2Server, type OutgoingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { compilePolicy, type Policy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Answer, policy, fill, answerOf, listen, answering } from "./answer.ts";

describe("node:http2", () => {
  async function ask(headers: OutgoingHttpHeaders, options = {}): Promise<Answer | string> {
    const server = createHttp2Server(options, answering);
    const port = await listen(wherefrom(server, policy));
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/", ...headers });
    let text = "";
    try {
      for await (const chunk of stream) text += String(chunk);
    } catch (error) {
      return (error as Error).message;
    }
    return JSON.parse(text) as Answer;
  }
  const lines = (count: number): OutgoingHttpHeaders =>
    Object.fromEntries(fill(count).map((_, index) => [`a${index}`, "1"]));

  test("leaves no line out: a stream with more than `maxHeaderListPairs`, 128 by default, is closed", async () => {
    const own = 4 + 1; // four pseudo headers, and the proxy's
    expect(await ask({ ...lines(128 - own), "x-forwarded-for": "203.0.113.7" })).toMatchObject({
      client: "203.0.113.7",
    });
    expect(await ask({ ...lines(160), "x-forwarded-for": "203.0.113.7" })).toMatch(/ENHANCE_YOUR_CALM/);
    const many = { maxHeaderListPairs: 3000 };
    expect(await ask({ ...lines(1200), "x-forwarded-for": "203.0.113.7" }, many)).toMatchObject({
      client: "203.0.113.7",
    });
  });

  /** A field as HPACK's literal without indexing, without Huffman code (RFC 7541, 6.2.2). */
  const literal = (name: string, value: string): Buffer =>
    Buffer.concat([Buffer.of(0x00, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);

  /** One request as frames (RFC 9113, 3.4 and 6.2): node:http2's client repeats no field of which one line is allowed. The answer, or undefined where the server asks nobody. */
  async function askFrames(fields: readonly (readonly [string, string])[], under: Policy): Promise<Answer | undefined> {
    const server = createHttp2Server();
    let noted: (answer: undefined) => void;
    const asked = new Promise<Answer | undefined>((settle) => {
      server.on("request", (message) => settle(JSON.parse(answerOf(message, under)) as Answer));
      server.on("session", (session) => session.on("close", () => settle(undefined)));
      noted = settle;
    });
    const socket = connect(await listen(wherefrom(server, under)), "127.0.0.1").on("error", () => {});
    onTestFinished(() => void socket.destroy());
    const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
    const authority = fields.some(([name]) => name === ":authority") ? [] : [[":authority", "app.example"] as const];
    // :method GET, :scheme http, :path / (RFC 7541, appendix A)
    const block = Buffer.concat([
      hex("82 86 84"),
      ...[...authority, ...fields].map(([name, value]) => literal(name, value)),
    ]);
    const frame = hex("000000 01 05 00000001");
    frame.writeUIntBE(block.length, 0, 3);
    const settings = hex("000000 04 00 00000000");
    const ping = hex("000008 06 00 00000000 0102030405060708");
    socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings, frame, block, ping]));
    // The server answers a PING when it has seen what came before.
    let received = Buffer.alloc(0);
    socket.on("data", (part) => {
      received = Buffer.concat([received, part]);
      if (received.includes(hex("000008 06 01 00000000 0102030405060708"))) setImmediate(() => noted(undefined));
    });
    return asked;
  }

  test("repeated lines are one list", async () => {
    expect(await ask({ "x-forwarded-for": ["203.0.113.66", "203.0.113.7"] })).toMatchObject({ client: "203.0.113.7" });
    const frames = [
      ["x-forwarded-for", "203.0.113.66"],
      ["x-forwarded-for", "203.0.113.7"],
    ] as const;
    expect(await askFrames(frames, policy)).toMatchObject({ client: "203.0.113.7" });
  });

  test.each(["from", "referer", "authorization", "dnt", "x-content-type-options"])(
    "two lines of %s, of which node:http2 keeps the first, are a conflict",
    async (header) => {
      const under = compilePolicy({ trust: ["127.0.0.1"], from: { header, form: "address" } });
      expect(await askFrames([[header, "203.0.113.7"]], under)).toMatchObject({ client: "203.0.113.7" });
      const answer = await askFrames(
        [
          [header, "203.0.113.66"],
          [header, "203.0.113.7"],
        ],
        under,
      );
      expect(answer).toMatchObject({ stop: "conflict" });
      expect(answer).not.toHaveProperty("client");
    },
  );

  test("a field name in upper case, or a pseudo field behind the others, is no request", async () => {
    expect(await askFrames([["X-Forwarded-For", "203.0.113.7"]], policy)).toBeUndefined();
    expect(
      await askFrames(
        [
          ["x-forwarded-for", "203.0.113.7"],
          [":authority", "app.example"],
        ],
        policy,
      ),
    ).toBeUndefined();
    expect(
      await askFrames(
        [
          [":authority", "app.example"],
          [":authority", "evil.example"],
        ],
        policy,
      ),
    ).toBeUndefined();
  });

  test("`:authority` names the host, and a Host line beside it changes nothing", async () => {
    const both = [
      [":authority", "app.example"],
      ["host", "evil.example"],
    ] as const;
    expect(await askFrames(both, policy)).toMatchObject({ host: "app.example", hostFrom: "authority" });
  });
});
