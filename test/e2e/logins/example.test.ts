import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";

const EXAMPLE = join(import.meta.dirname, "../../../examples/logins");
const [, seen = ""] = /```text\n(.*?)```/s.exec(readFileSync(join(EXAMPLE, "README.md"), "utf8")) ?? [];

describeSuite("logins", () => {
  test("the operator of examples/logins sees what its README says, and answers", async () => {
    const [port, operatorPort] = [await freePort("127.0.0.1"), await freePort("127.0.0.1")];
    const service = await startDaemon({
      name: "logins",
      prepare: (directory) => [
        "env",
        `PORT=${port}`,
        `OPERATOR_PORT=${operatorPort}`,
        `AUDIT=${directory}/audit.jsonl`,
        process.execPath,
        join(EXAMPLE, "server.mjs"),
      ],
      listens: [port, operatorPort].map((each) => ({ host: "127.0.0.1", port: each })),
    });
    onTestFinished(service.stop);
    execFileSync(process.execPath, [join(EXAMPLE, "attack.mjs")], { env: { ...process.env, PORT: String(port) } });
    const lines = seen.trim().split("\n");
    expect(lines).toHaveLength(6);
    await expect.poll(() => lines.filter((line) => !service.output().includes(line))).toEqual([]);
    const alerts = (): string => readFileSync(join(service.directory, "audit.alerts.jsonl"), "utf8");
    await expect
      .poll(alerts)
      .toContain("A login as alice succeeded after 100 failures from places that are not theirs.");
    const answer = await fetch(`http://127.0.0.1:${operatorPort}/confirm/bob`, { method: "POST" });
    expect(await answer.json()).toEqual({ places: 1 });
  });
});
