import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";
import { emptyLog, LOGGING_SERVERS } from "./logging-servers.ts";

const MAIN = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
/** Clients, each with what makes a log line hard to read. */
const VISITS = [
  { host: "127.0.0.1", localAddress: "127.0.0.5", path: "/plain", agent: "curl/8" },
  { host: "127.0.0.1", localAddress: "127.0.0.6", path: "/quote?a=%22b", agent: 'te"st \\ [x] <b>=1+1' },
  { host: "127.0.0.1", localAddress: "127.0.0.5", path: `/${"long".repeat(400)}`, agent: "x".repeat(3000) },
  { host: "::1", localAddress: "::1", path: "/six", agent: "agent, with (parts); and more" },
] as const;

async function startTarget(): Promise<number> {
  const server = createServer((_request, response) => response.end("hello"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function visit(port: number, { agent, ...where }: (typeof VISITS)[number]): Promise<void> {
  const asked = request({ ...where, port, agent: false, headers: { host: "app.test", "user-agent": agent } });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
}

describeSuite("tracing", () => {
  test.each(LOGGING_SERVERS)(
    "$name: the log that the server wrote is read whole, by its content and by the name of its format",
    async ({ format, start }) => {
      const directory = mkdtempSync(join(tmpdir(), "wherefrom-logs-"));
      onTestFinished(() => rmSync(directory, { recursive: true }));
      const log = emptyLog(directory);
      const port = await freePort("127.0.0.1");
      const server = await start({ port, target: await startTarget() }, log);
      onTestFinished(server.stop);
      // What the start asked for may be in the log as well.
      for (const each of VISITS) await visit(port, each);
      const lines = (): readonly string[] =>
        readFileSync(log, "latin1")
          .split("\n")
          .filter((line) => line !== "");
      await expect
        .poll(() => lines().filter((line) => /\/plain|\/quote|\/longlong|\/six/.test(line)))
        .toHaveLength(VISITS.length);
      for (const options of [[], ["--format", format]]) {
        const args = [MAIN, "report", log, "--by", "day", "--json", ...options];
        const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
        const days = stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as { requests: number; clients: number });
        expect({ stderr, requests: days.reduce((sum, { requests }) => sum + requests, 0) }).toEqual({
          stderr: "",
          requests: lines().length,
        });
        // 127.0.0.5, 127.0.0.6, ::1, and who asked at the start from 127.0.0.1.
        expect(Math.max(...days.map(({ clients }) => clients))).toBeGreaterThanOrEqual(3);
      }
    },
  );
});
