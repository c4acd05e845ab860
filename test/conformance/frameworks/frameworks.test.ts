import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { io } from "socket.io-client";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type CodeBlock, codeBlocks, ROOT } from "../docs/code-block.ts";
import { compileBlocks, removePrograms, runBlock } from "../docs/docs-program.ts";

/** What a client wrote stands left of what the proxy saw. */
const HEADERS = { "x-forwarded-for": "6.6.6.6, 203.0.113.7", "x-client-ip": "6.6.6.6" };

/** Asks the program at a port as the framework's clients do, and answers the address that it tells. */
type Question = (port: number, headers: Readonly<Record<string, string>>) => Promise<string | undefined>;

const overHttp: Question = async (port, headers) => (await fetch(`http://127.0.0.1:${port}/`, { headers })).text();

const overGraphql =
  (path: string): Question =>
  async (port, headers) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ query: "{ ip }" }),
    });
    return ((await response.json()) as { readonly data: { readonly ip: string } }).data.ip;
  };

const overSocketIo =
  (transport: "polling" | "websocket"): Question =>
  async (port, extraHeaders) => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: [transport], extraHeaders: { ...extraHeaders } });
    try {
      return await new Promise<string>((settle, fail) => {
        socket.once("ip", settle);
        socket.once("connect_error", fail);
      });
    } finally {
      socket.close();
    }
  };

const QUESTIONS: Readonly<Record<string, readonly Question[]>> = {
  "apollo.md": [overGraphql("/")],
  "h3.md": [overHttp],
  "hapi.md": [overHttp],
  "hono.md": [overHttp],
  "nest.md": [overHttp],
  "next.md": [overHttp],
  "socket.io.md": [overSocketIo("polling"), overSocketIo("websocket")],
  "trpc.md": [
    async (port, headers) => {
      const response = await fetch(`http://127.0.0.1:${port}/ip`, { headers });
      return ((await response.json()) as { readonly result: { readonly data: string } }).result.data;
    },
  ],
  "ws.md": [
    async (port, headers) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
      const [text] = (await once(socket, "message")) as [Buffer];
      socket.close();
      return String(text);
    },
  ],
  "yoga.md": [overGraphql("/graphql")],
};

const files = readdirSync(join(ROOT, "docs", "frameworks")).filter((file) => file !== "README.md");
const blocks = files.map((file): [string, CodeBlock] => [file, codeBlocks(`docs/frameworks/${file}`)[0]!]);

afterAll(removePrograms);

test("every page of docs/frameworks has its question", () => {
  expect(files.toSorted()).toEqual(Object.keys(QUESTIONS).toSorted());
});

describe("the lines of docs/frameworks", () => {
  compileBlocks(blocks.map(([, block]) => block));

  test.each(blocks)(
    "%s: the client is who the proxy saw, and a request without the header has none",
    async (file, block) => {
      await runBlock(block, async ({ port }) => {
        for (const question of QUESTIONS[file]!) {
          expect(await question(port, HEADERS)).toBe("203.0.113.7");
          expect(await question(port, { "x-client-ip": "6.6.6.6" })).not.toBe("6.6.6.6");
        }
      });
    },
  );
});
